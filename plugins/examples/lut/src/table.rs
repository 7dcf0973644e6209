//! The table from code values to code values, made once for a stream, and what it does to rows of samples.

use wasmux_sdk::Setup;
use wasmux_sdk::kernels::Sample;

use crate::cube::Cube;
use crate::signal::Signal;

/// log2 of the cells of a side.
const CELLS: u8 = 6;
/// Nodes of a side.
const NODES: usize = (1 << CELLS) + 1;
/// How far it is from a node to the next one along each plane.
const STEPS: [usize; 3] = [1, NODES, NODES * NODES];
/// log2 of the parts of a code value. With up to 12 bits of a sample all sums fit into 32 bits.
const PARTS: u8 = 10;

/// From Y, Cb and Cr to Y, Cb and Cr.
#[derive(Debug)]
pub(crate) struct Table {
    nodes: Vec<[i32; 3]>,
    /// log2 of the code values of a cell.
    shift: u8,
    max: i32,
}

impl Table {
    pub(crate) fn new(cube: &Cube, strength: f32, setup: &Setup) -> Self {
        let signal = Signal::new(setup);
        let (shift, max) = (setup.bit_depth().clamp(8, 12) - CELLS, i32::from(setup.max_sample()));
        let parts = f32::from(1u16 << PARTS);
        // Nodes beyond what a picture can hold are needed between two nodes; far beyond they would only overflow.
        let (least, most) = (-(max as f32), 2.0 * max as f32);
        let node = |at: usize| {
            let codes = [at % NODES, at / NODES % NODES, at / NODES / NODES].map(|step| (step << shift) as f32);
            let graded = signal.encode(cube.map(signal.decode(codes)));
            std::array::from_fn(|plane| {
                let mixed = codes[plane] + (graded[plane] - codes[plane]) * strength;
                (mixed.clamp(least, most) * parts).round() as i32
            })
        };
        Self { nodes: (0..NODES.pow(3)).map(node).collect(), shift, max }
    }

    /// Graded code values of one pixel; only the planes from `first` on. Tetrahedral, as [`Cube::map`].
    #[inline(always)]
    fn graded<const PLANES: usize>(&self, codes: [u32; 3], first: usize) -> [u32; PLANES] {
        let mask = (1u32 << self.shift) - 1;
        let mut places: [(i32, usize); 3] = std::array::from_fn(|plane| ((codes[plane] & mask) as i32, STEPS[plane]));
        let mut at: usize = (0..3).map(|plane| (codes[plane] >> self.shift) as usize * STEPS[plane]).sum();
        // Three comparisons sort three.
        for (a, b) in [(0, 1), (1, 2), (0, 1)] {
            if places[a].0 < places[b].0 {
                places.swap(a, b);
            }
        }
        let cell = 1 << self.shift;
        let weights = [cell - places[0].0, places[0].0 - places[1].0, places[1].0 - places[2].0, places[2].0];
        let mut sums = [(cell << PARTS) / 2; PLANES];
        for (corner, weight) in weights.into_iter().enumerate() {
            if corner > 0 {
                at += places[corner - 1].1;
            }
            for (plane, sum) in sums.iter_mut().enumerate() {
                *sum += self.nodes[at][first + plane] * weight;
            }
        }
        sums.map(|sum| (sum >> (self.shift + PARTS)).clamp(0, self.max) as u32)
    }

    /// Grades a row of chroma and the rows of luma that share it. The chroma of a block counts for all of its luma, and the
    /// block's mean luma for its chroma.
    pub(crate) fn grade<T: Sample>(&self, luma: &mut [&mut [T]], [cb, cr]: [&mut [T]; 2], shift_x: u8) {
        let code = |sample: T| sample.get().min(self.max as u32);
        for (block, (cb, cr)) in cb.iter_mut().zip(cr).enumerate() {
            let chroma = [code(*cb), code(*cr)];
            let (mut sum, mut count) = (0, 0);
            for row in &mut *luma {
                let columns = (block << shift_x)..((block + 1) << shift_x).min(row.len());
                for sample in &mut row[columns] {
                    let codes = [code(*sample), chroma[0], chroma[1]];
                    (sum, count) = (sum + codes[0], count + 1);
                    *sample = T::new(self.graded::<1>(codes, 0)[0]);
                }
            }
            let mean = (sum + count / 2) / count.max(1);
            let [new_cb, new_cr] = self.graded([mean, chroma[0], chroma[1]], 1);
            (*cb, *cr) = (T::new(new_cb), T::new(new_cr));
        }
    }
}
