//! Components that must not come in: each is refused with a status, a code and a reason, and leaves nothing.

use serde_json::{Value, json};
use wasmux::sandbox::{Sandbox, SandboxConfig};
use wasmux_tests::clips;
use wasmux_tests::server::Server;

use crate::components::{append, disguised, manifest, original, replace, with_manifest};
use crate::{CONFIG, Stand, bombs};

const NAME: &str = "hostile-filter";

/// The version of the WIT for which all components are built.
const BUILT_FOR: &str = "@0.1.0";

/// The filter with this schema of its parameters.
fn schema(schema: &Value) -> Vec<u8> {
    disguised("hostile_filter", NAME, |manifest| manifest["parameters"] = schema.clone())
}

/// The filter, made for another version of the world as a whole, or in its manifest or in its imports and exports only.
fn made_for(version: &str) -> [Vec<u8>; 3] {
    let good = original("hostile_filter");
    let mut all = good.clone();
    replace(&mut all, BUILT_FOR, version);
    let own = manifest(&good).to_string();
    let told = with_manifest(good, own.replace(BUILT_FOR, version).as_bytes());
    [all.clone(), told, with_manifest(all, own.as_bytes())]
}

/// A schema whose definitions apply the next one twice: a thousand million applications for one value.
fn doubling() -> Value {
    let twice = |n: u32| json!({"allOf": [{"$ref": format!("#/$defs/{n}")}, {"$ref": format!("#/$defs/{n}")}]});
    let mut definitions: serde_json::Map<_, _> = (0..30).map(|n| (n.to_string(), twice(n + 1))).collect();
    definitions.insert("30".into(), json!(true));
    json!({"$ref": "#/$defs/0", "$defs": definitions})
}

/// What, the component, and a part of the reason.
fn judged_before_compiling() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    const BROKEN: &str = "no valid WebAssembly component";
    let good = original("hostile_filter");
    let own = manifest(&good).to_string();
    let long = own.replace("\"sdk\":\"none\"", &format!("\"sdk\":\"{}\"", "x".repeat(65_536)));
    let mut two = good.clone();
    append(&mut two, own.as_bytes());
    let mut cases = vec![
        ("nothing", Vec::new(), BROKEN),
        ("rubbish", clips::garbage(50_000), BROKEN),
        ("a component's head and rubbish", [&good[..1_000], &clips::garbage(5_000)].concat(), BROKEN),
        ("the first half", good[..good.len() / 2].to_vec(), BROKEN),
        ("all but a byte", good[..good.len() - 1].to_vec(), BROKEN),
        ("a core module", b"\0asm\x01\0\0\0".to_vec(), "a core WebAssembly module"),
        ("another world", original("hostile_wrong_world"), "acme:other/somewhere-else@2.0.0"),
        ("no manifest", with_manifest(good.clone(), b""), "its manifest is malformed"),
        ("a manifest that is too long", with_manifest(good.clone(), long.as_bytes()), "at most 65536 are allowed"),
        ("two manifests", two, "it has 2 manifests"),
        ("a manifest that is no UTF-8", with_manifest(good.clone(), b"{\"name\": \"\xff\xfe\"}"), "malformed"),
        ("a manifest of brackets", with_manifest(good, "[".repeat(60_000).as_bytes()), "malformed"),
        ("a remote reference", schema(&json!({"$ref": "http://127.0.0.1:1/s.json"})), "allowed are `#/...`"),
        ("a file's reference", schema(&json!({"items": {"$ref": "file:///etc/passwd"}})), "allowed are `#/...`"),
        ("a remote meta schema", schema(&json!({"$schema": "http://127.0.0.1:1/m.json"})), "no valid JSON schema"),
        ("a schema without end", schema(&json!({"$ref": "#"})), "leads back to itself"),
        ("a schema that doubles", schema(&doubling()), "10000 schemas for one value"),
        ("a pattern that explodes", schema(&json!({"pattern": "((a{500}){500}){500}"})), "no valid JSON schema"),
        ("a pattern that looks ahead", schema(&json!({"pattern": "^(?=a)"})), "no valid JSON schema"),
    ];
    for (version, todo) in [
        ("@0.2.0", "Use a newer wasmux"),
        ("@0.1.7", "Use a newer wasmux"),
        ("@0.0.9", "Rebuild the plugin with the SDK"),
    ] {
        let [all, told, inside] = made_for(version);
        cases.push(("a plugin for another version", all, todo));
        cases.push(("a manifest for another version", told, todo));
        cases.push(("imports of another version", inside, "which this host does not offer to a video-filter"));
    }
    cases
}

fn assert_refused(stand: &Stand, what: &str, component: &[u8], expected: (u16, &str), reason: &str) {
    let (status, said) = stand.put(NAME, component);
    let failed = &said["Error"];
    let told = if failed.is_object() { failed } else { &said };
    assert_eq!((status, told["Code"].as_str().unwrap_or_default()), expected, "{what}: {said:#}");
    let message = told["Message"].as_str().unwrap();
    assert!(message.contains(reason) && message.len() < 3_000, "{what}: {message}");
}

/// The plugins that requests can name.
fn listed(server: &Server) -> usize {
    server.get("/v1/plugins").1["Plugins"].as_array().unwrap().len()
}

#[test]
fn what_is_no_plugin_of_this_host_is_refused_and_leaves_nothing() {
    let stand = Stand::without_plugins(CONFIG);
    let before = listed(&stand.server);
    for (what, component, reason) in judged_before_compiling() {
        assert_refused(&stand, what, &component, (400, "InvalidArgument"), reason);
    }
    let own = manifest(&original("hostile_filter")).to_string();
    let empty = bombs::functions(&own, 1);
    assert_refused(&stand, "exports of nothing", &empty, (422, "PluginIncompatible"), "it does not fit");
    assert_eq!(listed(&stand.server), before);
    stand.assert_clean(&[], 0);
    // It was none of these that made the name unusable.
    let large = schema(&json!({"properties": (0..1_500).map(|n| (format!("field-{n}"), json!({"type": "string"})))
        .collect::<serde_json::Map<_, _>>()}));
    stand.publish(NAME, &large);
    stand.assert_clean(&[], 1);
}

#[test]
fn a_compiler_that_is_given_too_much_is_stopped() {
    let own = manifest(&original("hostile_filter")).to_string();
    let stand = Stand::without_plugins("[workers]\ncompile_seconds = 2\nmemory_bytes = 300000000\n");
    let many = bombs::functions(&own, 100_000);
    assert!(many.len() < 16 << 20, "{} bytes are refused unseen", many.len());
    let (status, said) = stand.put(NAME, &many);
    let code = said["Error"]["Code"].as_str().unwrap_or_default();
    // Which limit comes first is the machine's to say.
    assert!(status == 422 && matches!(code, "TimeLimit" | "MemoryLimit" | "WorkerCrashed"), "{status} {said:#}");
    let message = said["Error"]["Message"].as_str().unwrap();
    assert!(code == "WorkerCrashed" || message.contains("workers."), "{message}");
    let deep = bombs::blocks(&own, 400_000);
    let (status, said) = stand.put(NAME, &deep);
    assert_eq!(status, 422, "{said:#}");
    stand.assert_clean(&[], 0);
    // The next one is compiled as if nothing had been.
    stand.publish(NAME, &original("hostile_filter"));
}

/// Numbers without any meaning, always the same.
struct Random(u64);

impl Random {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        usize::try_from(self.0 >> 33).unwrap() % most
    }
}

/// A good component with some bits that are turned.
fn damaged(good: &[u8], random: &mut Random) -> Vec<u8> {
    let mut bytes = good.to_vec();
    for _ in 0..=random.below(4) {
        let at = random.below(bytes.len());
        bytes[at] ^= 1 << random.below(8);
    }
    bytes
}

#[test]
fn damaged_components_do_no_harm() {
    let sandbox = Sandbox::new(SandboxConfig::default()).unwrap();
    let mut random = Random(1);
    let mut refused = 0;
    for name in ["hostile_filter", "hostile_uri_policy", "hostile_parameter_policy"] {
        let good = original(name);
        refused += (0..200).filter(|_| sandbox.identify(&damaged(&good, &mut random)).is_err()).count();
    }
    assert!(refused > 0, "some of them are broken where that shows");

    let stand = Stand::without_plugins(CONFIG);
    let good = original("hostile_uri_policy");
    for round in 0..30 {
        let (status, said) = stand.put("hostile-uri-policy", &damaged(&good, &mut random));
        match status {
            201 => assert_eq!(stand.server.delete("/v1/plugins/hostile-uri-policy/0.1.0").0, 204),
            400 | 422 => {}
            _ => panic!("round {round}: {status} {said:#}"),
        }
    }
    stand.assert_clean(&[], 0);
}
