//! Stages in trouble, over real HTTP.

mod outage;
mod pause;
mod rate;
mod scene;
