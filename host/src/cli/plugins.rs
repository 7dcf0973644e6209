//! `wasmux plugins`.

use super::{PluginArgs, Stop, print_line};

pub(super) fn run(args: &PluginArgs) -> Result<(), Stop> {
    let app = args.app(Vec::new()).map_err(Stop::Usage)?;
    for plugin in app.plugins() {
        let digest: String = plugin.id.digest.chars().take(19).collect();
        print_line(&format!("{:<24} {:<38} {digest}  {}", plugin.id.to_string(), plugin.world, plugin.origin))?;
    }
    for broken in app.broken_plugins() {
        eprintln!("warning: {} is no usable plugin: {}", broken.path.display(), broken.reason);
    }
    Ok(())
}
