//! libavfilter, loaded when the first graph is built. It brings thirty libraries along, which cost each process 20 ms and 12 MB; most
//! tasks need none of its filters.

use std::ffi::{CString, c_char, c_int, c_uint, c_void};
use std::marker::{PhantomData, PhantomPinned};
use std::sync::OnceLock;

use ffmpeg_next::{Error, Frame, Rational, ffi};

use super::done;
use super::video::raw_mut;

/// An object of libavfilter that only it looks into.
#[repr(C)]
struct Opaque {
    _bytes: [u8; 0],
    _pinned: PhantomData<(*mut u8, PhantomPinned)>,
}

/// What is called of the library.
struct Library {
    alloc: unsafe extern "C" fn() -> *mut Opaque,
    free: unsafe extern "C" fn(*mut *mut Opaque),
    parse: unsafe extern "C" fn(*mut Opaque, *const c_char, *mut c_void, *mut c_void, *mut c_void) -> c_int,
    configure: unsafe extern "C" fn(*mut Opaque, *mut c_void) -> c_int,
    get: unsafe extern "C" fn(*mut Opaque, *const c_char) -> *mut Opaque,
    push: unsafe extern "C" fn(*mut Opaque, *mut ffi::AVFrame) -> c_int,
    close: unsafe extern "C" fn(*mut Opaque, i64, c_uint) -> c_int,
    pull: unsafe extern "C" fn(*mut Opaque, *mut ffi::AVFrame) -> c_int,
    time_base: unsafe extern "C" fn(*const Opaque) -> ffi::AVRational,
}

impl Library {
    fn open() -> Result<Self, libloading::Error> {
        // SAFETY: a library of the release whose others are linked; its initialisers are those that linking would run.
        let library = unsafe { libloading::Library::new(env!("LIBAVFILTER")) }?;
        // Never closed: what is copied out of it here stays valid as long as the process.
        let library: &'static libloading::Library = Box::leak(Box::new(library));
        macro_rules! function {
            ($name:literal) => {
                // SAFETY: the types are those of the function in avfilter.h, buffersrc.h and buffersink.h, where they are the same
                // since version 6; contexts and graphs are opaque, and options, logs and open ends are always null.
                *unsafe { library.get(concat!($name, "\0").as_bytes()) }?
            };
        }
        Ok(Self {
            alloc: function!("avfilter_graph_alloc"),
            free: function!("avfilter_graph_free"),
            parse: function!("avfilter_graph_parse_ptr"),
            configure: function!("avfilter_graph_config"),
            get: function!("avfilter_graph_get_filter"),
            push: function!("av_buffersrc_add_frame"),
            close: function!("av_buffersrc_close"),
            pull: function!("av_buffersink_get_frame"),
            time_base: function!("av_buffersink_get_time_base"),
        })
    }
}

fn library() -> &'static Result<Library, String> {
    static LIBRARY: OnceLock<Result<Library, String>> = OnceLock::new();
    LIBRARY.get_or_init(|| Library::open().map_err(|error| error.to_string()))
}

/// Loads the library unless it is. The error is a sentence part, and stays.
pub(in crate::media) fn load() -> Result<(), &'static str> {
    library().as_ref().map(|_| ()).map_err(String::as_str)
}

/// A graph whose sources and sinks are in its description.
pub(in crate::media) struct FilterGraph {
    library: &'static Library,
    graph: *mut Opaque,
    /// Filters of the graph, which live as long as it.
    sources: Vec<*mut Opaque>,
    sink: *mut Opaque,
}

// SAFETY: a graph has no ties to a thread, and this is its only owner.
unsafe impl Send for FilterGraph {}

impl FilterGraph {
    /// Builds what is described in FFmpeg's syntax, with no open ends. These are the names of its sources, which are of the kind `buffer` or `abuffer`, and of its
    /// sink, which is a `buffersink` or `abuffersink`.
    pub(in crate::media) fn new(description: &str, sources: &[String], sink: &str) -> Result<Self, Error> {
        let description = CString::new(description).map_err(|_| Error::InvalidData)?;
        let library = library().as_ref().map_err(|_| Error::FilterNotFound)?;
        // SAFETY: takes nothing, returns null or a new graph.
        let graph = unsafe { (library.alloc)() };
        if graph.is_null() {
            return Err(super::no_memory());
        }
        let mut built = Self { library, graph, sources: Vec::new(), sink: std::ptr::null_mut() };
        let null = std::ptr::null_mut;
        // SAFETY: a new graph and a string that ends in NUL; open ends are asked for by nobody.
        done(unsafe { (library.parse)(graph, description.as_ptr(), null(), null(), null()) })?;
        // SAFETY: a graph that has been parsed.
        done(unsafe { (library.configure)(graph, null()) })?;
        built.sources = sources.iter().map(|name| built.filter(name)).collect::<Result<_, _>>()?;
        built.sink = built.filter(sink)?;
        Ok(built)
    }

    /// The filter of this name.
    fn filter(&self, name: &str) -> Result<*mut Opaque, Error> {
        let name = CString::new(name).map_err(|_| Error::InvalidData)?;
        // SAFETY: a graph, and a string that ends in NUL.
        let filter = unsafe { (self.library.get)(self.graph, name.as_ptr()) };
        if filter.is_null() { Err(Error::FilterNotFound) } else { Ok(filter) }
    }

    /// Puts a frame into a source; its content moves into the graph.
    pub(in crate::media) fn push(&mut self, source: usize, frame: &mut Frame) -> Result<(), Error> {
        let source = self.source(source)?;
        // SAFETY: a source of this graph, and an allocated frame.
        done(unsafe { (self.library.push)(source, raw_mut(frame)) })
    }

    /// Ends a source at this timestamp, in its own unit.
    pub(in crate::media) fn close(&mut self, source: usize, time: i64) -> Result<(), Error> {
        let source = self.source(source)?;
        // SAFETY: a source of this graph.
        done(unsafe { (self.library.close)(source, time, 0) })
    }

    fn source(&self, number: usize) -> Result<*mut Opaque, Error> {
        self.sources.get(number).copied().ok_or(Error::FilterNotFound)
    }

    /// Takes a frame out of the sink into a blank one.
    pub(in crate::media) fn pull(&mut self, frame: &mut Frame) -> Result<(), Error> {
        // SAFETY: the sink of this graph, and an allocated frame.
        done(unsafe { (self.library.pull)(self.sink, raw_mut(frame)) })
    }

    /// Unit of the timestamps that come out.
    pub(in crate::media) fn time_base(&self) -> Rational {
        // SAFETY: the sink of this graph, and which has been configured.
        unsafe { (self.library.time_base)(self.sink) }.into()
    }
}

impl Drop for FilterGraph {
    fn drop(&mut self) {
        // SAFETY: the only owner; the call sets the pointer to null.
        unsafe { (self.library.free)(&raw mut self.graph) };
    }
}
