//! Policies, and the checks at submission: components as the traits of `resolve` and `intake`. Each call has a store of its
//! own, so no call can leave anything behind for the next.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;
use wasmtime::Store;

use super::assets::Assets;
use super::bindings::errors::Error as WitError;
use super::catalog::Plugin;
use super::filter::typed;
use super::guest::{Guest, Parts, Phase, call};
use super::host::{Ready, Sandbox};
use super::imports::clean;
use super::world::World;
use crate::intake::{CheckFault, SubmissionCheck};
use crate::resolve::{Answer, ParameterPolicy, PluginIds, UriPolicy};
use crate::task::{Failure, PluginId, PluginRef, Stage};

impl UriPolicy for Sandbox {
    fn expand(&self, plugin: &PluginRef, template: &str, variables: &[(String, String)]) -> Result<Answer, Failure> {
        let plugin = self.catalog().find_for(plugin, World::UriPolicy, Stage::Resolve)?;
        let Ready::Uri(ready) = self.ready(&plugin, Stage::Resolve)? else {
            return Err(plugin.incompatible(Stage::Resolve, "it is no uri-policy"));
        };
        self.ask(&plugin, "in expand", |store| {
            let world = ready.instantiate(&mut *store)?;
            world.wasmux_plugin_uri_template().call_expand(store, template, variables)
        })
    }
}

impl ParameterPolicy for Sandbox {
    fn resolve(&self, plugin: &PluginRef, document: &str) -> Result<Answer, Failure> {
        let plugin = self.catalog().find_for(plugin, World::ParameterPolicy, Stage::Resolve)?;
        let Ready::Parameters(ready) = self.ready(&plugin, Stage::Resolve)? else {
            return Err(plugin.incompatible(Stage::Resolve, "it is no parameter-policy"));
        };
        self.ask(&plugin, "in resolve", |store| {
            let world = ready.instantiate(&mut *store)?;
            world.wasmux_plugin_parameters().call_resolve(store, document)
        })
    }
}

impl PluginIds for Sandbox {
    fn id(&self, plugin: &PluginRef) -> Result<PluginId, Failure> {
        self.plugin_id(plugin)
    }
}

impl SubmissionCheck for Sandbox {
    fn pin(&self, plugin: &PluginRef) -> Result<PluginRef, Failure> {
        Ok(self.catalog().find(plugin, Stage::Resolve)?.pinned(plugin))
    }

    fn check_template(
        &self,
        plugin: &PluginRef,
        template: &str,
        available: &[String],
    ) -> Result<Result<(), CheckFault>, Failure> {
        let plugin = self.catalog().find_for(plugin, World::UriPolicy, Stage::Resolve)?;
        let Ready::Uri(ready) = self.ready(&plugin, Stage::Resolve)? else {
            return Err(plugin.incompatible(Stage::Resolve, "it is no uri-policy"));
        };
        let _turn = self.turn_to_check(&plugin);
        let mut store = self.policy_store(&plugin);
        let checked = self.call(&plugin, &mut store, "in check", |store| {
            let world = ready.instantiate(&mut *store)?;
            world.wasmux_plugin_uri_template().call_check(store, template, available)
        })?;
        Ok(checked.map_err(|error| fault(&error)))
    }

    fn check_parameters(&self, plugin: &PluginRef, parameters: &Value) -> Result<Vec<CheckFault>, Failure> {
        let plugin = self.catalog().find_for(plugin, World::VideoFilter, Stage::Filter)?;
        Ok(plugin.schema.as_ref().map(|schema| schema.faults(parameters)).unwrap_or_default())
    }

    fn assets(&self, plugin: &PluginRef, parameters: &Value) -> Vec<String> {
        Self::assets(self, plugin, parameters).into_iter().collect()
    }

    fn check_parameter_policy(&self, plugin: &PluginRef) -> Result<(), Failure> {
        self.catalog().find_for(plugin, World::ParameterPolicy, Stage::Resolve).map(|_| ())
    }

    fn font_names(&self) -> Vec<String> {
        self.fonts().names()
    }
}

fn fault(error: &WitError) -> CheckFault {
    let field = error.field.as_deref().unwrap_or_default();
    CheckFault { field: clean(field, 256), message: clean(&error.message, 2 << 10) }
}

impl Sandbox {
    fn policy_store(&self, plugin: &Plugin) -> Store<Guest> {
        let limits = self.limits(&plugin.id.name);
        let parts = Parts {
            plugin: plugin.id.clone(),
            stage: Stage::Resolve,
            assets: Assets::new(Arc::clone(self.asset_source()), BTreeSet::new(), 0),
            fonts: Arc::clone(self.fonts()),
            log: Arc::clone(self.log()),
            screen: None,
        };
        Guest::store(self.engine(), limits, parts)
    }

    fn call<R>(
        &self,
        plugin: &Plugin,
        store: &mut Store<Guest>,
        doing: &str,
        asked: impl FnOnce(&mut Store<Guest>) -> wasmtime::Result<R>,
    ) -> Result<R, Failure> {
        let cpu = self.limits(&plugin.id.name).open_cpu();
        call(store, Phase::Asked, cpu, || doing.to_owned(), asked)
    }

    fn ask(
        &self,
        plugin: &Plugin,
        doing: &str,
        asked: impl FnOnce(&mut Store<Guest>) -> wasmtime::Result<Result<String, WitError>>,
    ) -> Result<Answer, Failure> {
        let mut store = self.policy_store(plugin);
        let answer = self.call(plugin, &mut store, doing, asked)?;
        let text = answer.map_err(|error| typed(&plugin.id, Stage::Resolve, doing, &error))?;
        Ok(Answer { text, warnings: store.data_mut().reports.take_warnings() })
    }
}
