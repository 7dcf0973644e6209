//! The exports of the two policy worlds.

use std::marker::PhantomData;

use super::{WireError, log_panics, parameter_policy, uri_policy};
use crate::{ParameterPolicy, UriPolicy, Variables, parameters};

/// Exports a [`UriPolicy`].
pub struct UriPolicyExport<P>(PhantomData<P>);

impl<P: UriPolicy> uri_policy::exports::wasmux::plugin::uri_template::Guest for UriPolicyExport<P> {
    fn check(template: String, available: Vec<String>) -> Result<(), WireError> {
        log_panics();
        P::check(&template, &available).map_err(Into::into)
    }

    fn expand(template: String, variables: Vec<(String, String)>) -> Result<String, WireError> {
        log_panics();
        P::expand(&template, &Variables::new(variables)).map_err(Into::into)
    }
}

/// Exports a [`ParameterPolicy`].
pub struct ParameterPolicyExport<P>(PhantomData<P>);

impl<P: ParameterPolicy> parameter_policy::exports::wasmux::plugin::parameters::Guest for ParameterPolicyExport<P> {
    fn resolve(document: String) -> Result<String, WireError> {
        log_panics();
        parameters::resolve::<P>(&document).map_err(Into::into)
    }
}
