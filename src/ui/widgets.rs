//! One file a pane. Each takes the scene and a pen bounded to its area, and survives any area and any data.

pub(super) mod axis;
pub(super) mod books;
pub(super) mod braille;
pub(super) mod card;
pub(super) mod controller;
pub(super) mod curve;
pub(super) mod errors;
pub(super) mod events;
pub(super) mod footer;
pub(super) mod frame;
pub(super) mod gutter;
pub(super) mod header;
pub(super) mod help;
pub(super) mod kpi;
pub(super) mod ladder;
pub(super) mod law_line;
pub(super) mod legend;
pub(super) mod lists;
pub(super) mod manual;
pub(super) mod percentiles;
pub(super) mod prompt;
pub(super) mod spectrogram;
pub(super) mod strip;
pub(super) mod verdict;
