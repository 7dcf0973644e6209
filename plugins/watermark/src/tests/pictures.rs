use wasmux_sdk::testing::{Chroma, Host, open, picture};

use super::*;

#[test]
fn a_picture_lies_where_it_should() {
    let host = Host::install();
    host.grant(LOGO, logo(40, 20, [255; 4]));
    for (more, want) in [
        ("", Rect::new(0, 0, 40, 20)),
        (r#","Dx":0.5,"Dy":10"#, Rect::new(160, 10, 40, 20)),
        (r#","Width":0.25,"ReferPos":"bottomright","Dx":4,"Dy":6"#, Rect::new(236, 134, 80, 40)),
        (r#","Height":60.0,"ReferPos":"bottomleft""#, Rect::new(0, 120, 120, 60)),
        (r#","Width":1,"Height":1"#, Rect::new(0, 0, 320, 180)),
        (r#","Width":31,"Height":17,"Dx":1,"Dy":1,"ReferPos":"topright""#, Rect::new(288, 1, 31, 17)),
    ] {
        assert_eq!(lit(&drawn(&picture(320, 180), &file(more))), want, "{more}");
    }
    host.assert_no_warnings();
}

#[test]
fn pictures_at_the_edge_are_clipped_and_beyond_it_dropped() {
    let host = Host::install();
    host.grant(LOGO, logo(40, 20, [255; 4]));
    assert_eq!(lit(&drawn(&picture(320, 180), &file(r#","Dx":300,"Dy":170"#))), Rect::new(300, 170, 20, 10));
    host.assert_warned("Clipped", "Watermarks[0]");
    let filter = open::<WatermarkFilter>(&picture(320, 180).setup(), &file(r#","Dx":320"#)).unwrap();
    host.assert_warned("OutsideFrame", "Watermarks[0]");
    assert!(filter.regions()[0].area.is_empty());
}

#[test]
fn every_format_gets_the_same_colour() {
    let host = Host::install();
    host.grant(LOGO, logo(16, 16, [255, 0, 0, 255]));
    for chroma in Chroma::ALL {
        for (bits, codes) in [(8, [63, 102, 240]), (10, [250, 409, 960])] {
            for alpha in [false, true] {
                let frame =
                    drawn(&picture(64, 64).chroma(chroma).bit_depth(bits).alpha(alpha), &file(r#","Dx":8,"Dy":8"#));
                let (x, y) = frame.setup().plane_shift(1);
                let got =
                    [frame.sample(0, 15, 15), frame.sample(1, 15 >> x, 15 >> y), frame.sample(2, 15 >> x, 15 >> y)];
                assert_eq!(got, codes, "{chroma:?} {bits} {alpha}");
            }
        }
    }
}

#[test]
fn alpha_of_frame_and_watermark_are_composited() {
    let host = Host::install();
    host.grant(LOGO, logo(16, 16, [255, 255, 255, 128]));
    let picture = picture(64, 64).alpha(true);
    let mut filter = open::<WatermarkFilter>(&picture.setup(), &file("")).unwrap();
    let mut frame = picture.frame();
    frame.fill(3, 0);
    filter.process(&mut frame).unwrap();
    assert_eq!((frame.sample(0, 5, 5), frame.sample(3, 5, 5)), (235, 128));
    assert_eq!((frame.sample(0, 20, 20), frame.sample(3, 20, 20)), (16, 0));
}

#[test]
fn watermarks_are_drawn_in_order_within_their_times() {
    let host = Host::install();
    host.grant(LOGO, logo(8, 8, [255; 4]));
    host.grant("oss://bucket/black.png", logo(8, 8, [0, 0, 0, 255]));
    let parameters = format!(
        r#"{{"Watermarks":[{{"Type":"file","URI":"{LOGO}"}},{{"Type":"file","URI":"oss://bucket/black.png","StartTime":0.04,"Duration":0.04}}]}}"#
    );
    let picture = picture(64, 64);
    let mut filter = open::<WatermarkFilter>(&picture.setup(), &parameters).unwrap();
    let times: Vec<_> = filter.regions().iter().map(|region| (region.start, region.end)).collect();
    assert_eq!(times, [(0, None), (40_000_000, Some(80_000_000))]);
    for (time, luma) in [(0, 235), (40_000_000, 16), (80_000_000, 235)] {
        let mut frame = picture.frame().at(time);
        filter.process(&mut frame).unwrap();
        assert_eq!(frame.sample(0, 3, 3), luma, "{time}");
    }
}
