//! Components that are larger inside than they look.

use std::convert::Infallible;

use wasm_encoder::reencode::{Error, Reencode, ReencodeComponent, utils};
use wasm_encoder::{
    BlockType, CodeSection, Component, ComponentExportKind, ComponentExportSection, ComponentInstanceSection, Function,
    FunctionSection, MemoryType, Module, ModuleSection, TableType, TypeSection, ValType,
};

use crate::components::append;

/// The component with larger tables or memories from its beginning.
struct Larger {
    elements: Option<u64>,
    pages: Option<u64>,
}

impl Reencode for Larger {
    type Error = Infallible;

    fn table_type(&mut self, table: wasmparser::TableType) -> Result<TableType, Error<Infallible>> {
        let table = utils::table_type(self, table)?;
        Ok(match self.elements {
            Some(minimum) => TableType { minimum, maximum: None, ..table },
            None => table,
        })
    }

    fn memory_type(&mut self, memory: wasmparser::MemoryType) -> Result<MemoryType, Error<Infallible>> {
        let memory = utils::memory_type(self, memory);
        Ok(match self.pages {
            Some(minimum) => MemoryType { minimum, maximum: None, ..memory },
            None => memory,
        })
    }
}

impl ReencodeComponent for Larger {}

fn larger(component: &[u8], elements: Option<u64>, pages: Option<u64>) -> Vec<u8> {
    let mut out = Component::new();
    let parser = wasmparser::Parser::new(0);
    Larger { elements, pages }.parse_component(&mut out, parser, component).unwrap();
    out.finish()
}

/// The component with at least so many elements in each of its tables.
pub(crate) fn tables(component: &[u8], elements: u64) -> Vec<u8> {
    larger(component, Some(elements), None)
}

/// The component with so many pages of memory, of 64 KiB, when it begins.
pub(crate) fn memory(component: &[u8], pages: u64) -> Vec<u8> {
    larger(component, None, Some(pages))
}

/// A component that looks like a video filter, with a core module that nobody instantiates. It is compiled all the same.
fn shell(manifest: &str, module: &Module) -> Vec<u8> {
    let mut component = Component::new();
    component.section(&ModuleSection(module));
    let mut instances = ComponentInstanceSection::new();
    instances.export_items::<&str, [(&str, ComponentExportKind, u32); 0]>([]);
    component.section(&instances);
    let mut exports = ComponentExportSection::new();
    exports.export("wasmux:plugin/video@0.1.0", ComponentExportKind::Instance, 0, None);
    component.section(&exports);
    let mut bytes = component.finish();
    append(&mut bytes, manifest.as_bytes());
    bytes
}

fn module(functions: u32, body: impl Fn(&mut Function)) -> Module {
    let (mut types, mut declared, mut code) = (TypeSection::new(), FunctionSection::new(), CodeSection::new());
    types.ty().function([ValType::I64], [ValType::I64]);
    for _ in 0..functions {
        declared.function(0);
        let mut function = Function::new([]);
        body(&mut function);
        function.instructions().end();
        code.function(&function);
    }
    let mut module = Module::new();
    module.section(&types).section(&declared).section(&code);
    module
}

/// So many functions with nothing in common but their code.
pub(crate) fn functions(manifest: &str, number: u32) -> Vec<u8> {
    let body = |function: &mut Function| {
        let mut code = function.instructions();
        code.local_get(0);
        for n in 0..16 {
            code.local_get(0).i64_const(n).i64_rotl().i64_mul().local_tee(0);
        }
    };
    shell(manifest, &module(number, body))
}

/// One function of so many blocks, each within the one before, out of each of which a branch leads.
pub(crate) fn blocks(manifest: &str, depth: u32) -> Vec<u8> {
    let body = |function: &mut Function| {
        let mut code = function.instructions();
        for _ in 0..depth {
            code.block(BlockType::Empty);
        }
        for level in 0..depth {
            code.local_get(0).i64_eqz().br_if(level % 7).end();
        }
        code.local_get(0);
    };
    shell(manifest, &module(1, body))
}
