//! Tests of the room: requests in, answers out, in front of a queue and a host that only remember.

mod connections;
mod events;
mod fake_host;
mod fakes;
mod health;
mod keys;
mod lists;
mod openapi;
mod plans;
mod plugins;
mod probes;
mod projects;
mod refusals;
mod rpc;
mod tasks;
mod templates;
