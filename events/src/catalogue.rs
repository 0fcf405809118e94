//! Every event type we know, with the shape of its data.
