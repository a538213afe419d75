//! Guides, one for each kind of reader. The pages of the types tell what each
//! item does; these tell how to get something done.
//!
//! - [`service_author`]: how a service records what it does.
//! - [`consumer`]: how to read what others have recorded.
//! - [`compliance_officer`]: requirement by requirement, what the software gives and what
//!   is left to the organisation.
//! - [`maintainer`]: how to change the schema, how everything runs, what a version
//!   promises.
//!
//! This module exists in the documentation alone.

pub mod service_author {
    #![doc = include_str!("../docs/guide/service_author.md")]
}

pub mod consumer {
    #![doc = include_str!("../docs/guide/consumer.md")]
}

pub mod compliance_officer {
    #![doc = include_str!("../docs/guide/compliance_officer.md")]
}

pub mod maintainer {
    #![doc = include_str!("../docs/guide/maintainer.md")]
}
