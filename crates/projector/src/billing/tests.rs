//! Stories PayPal tells, in every order, and stories nobody should have to hear.

mod arrange;
mod fixtures;
mod hostile;
mod laws;
mod periods;
mod unbelievable;
