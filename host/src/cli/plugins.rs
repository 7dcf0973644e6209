//! `wasmux plugins`.

use super::{PluginArgs, Stop, print_line};

pub(super) fn run(args: &PluginArgs) -> Result<(), Stop> {
    let app = args.app(Vec::new()).map_err(Stop::Usage)?;
    for line in app.plugins() {
        print_line(&line)?;
    }
    Ok(())
}
