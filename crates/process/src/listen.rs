//! The hardened HTTP listener. (Being written: header and body timeouts, connection caps.)
