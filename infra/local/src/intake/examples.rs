//! The example workflow and documents, in the program itself: the demo needs no file.

/// The example workflow.
pub(crate) const WORKFLOW: &str = include_str!("../../examples/workflow.json");

macro_rules! documents {
    ($($name:literal),* $(,)?) => {
        /// The example documents, by file name.
        pub(crate) const DOCUMENTS: &[(&str, &str)] = &[$((
            concat!($name, ".json"),
            include_str!(concat!("../../examples/documents/", $name, ".json")),
        )),*];
    };
}

documents![
    "both_views_01",
    "both_views_02",
    "both_views_03",
    "ct_01",
    "ct_02",
    "ct_03",
    "front_01",
    "front_02",
    "front_03",
    "front_04",
    "front_05",
    "front_06",
    "front_07",
    "front_08",
    "front_09",
    "front_10",
    "front_11_blurred",
    "front_12_blurred",
    "front_13_busy",
    "front_14_busy",
    "front_15_busy",
    "swallow_01",
    "swallow_02",
    "swallow_03",
];
