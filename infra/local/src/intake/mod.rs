//! Takes in what a person gives: documents, a workflow file, the assignments they ask for.

pub(crate) mod discover;
pub(crate) mod examples;
pub(crate) mod register;
pub(crate) mod source_document;
pub(crate) mod workflow_file;
