//! The messages of `SubscribeActorEventsAlpha1` (`dapr/proto/runtime/v1/actors.proto` of 1.18), which the crate of Dapr's
//! messages does not have: an app hosts actors over a stream that it opens.

use std::collections::HashMap;

/// From the app.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct FromHost {
    #[prost(oneof = "Said", tags = "1, 2, 3, 4, 5, 6")]
    pub(crate) said: Option<Said>,
}

/// What the app says: first what it hosts, then an answer to each call.
#[derive(Clone, PartialEq, prost::Oneof)]
pub(crate) enum Said {
    #[prost(message, tag = "1")]
    Initial(Initial),
    #[prost(message, tag = "2")]
    Invoked(Invoked),
    #[prost(message, tag = "3")]
    Reminded(Ticked),
    #[prost(message, tag = "4")]
    TimerTicked(Ticked),
    #[prost(message, tag = "5")]
    Deactivated(Deactivated),
    #[prost(message, tag = "6")]
    Failed(Failed),
}

/// What the app hosts, and how: as `GET /dapr/config` has it.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Initial {
    #[prost(string, repeated, tag = "1")]
    pub(crate) entities: Vec<String>,
    #[prost(message, optional, tag = "2")]
    pub(crate) actor_idle_timeout: Option<prost_types::Duration>,
    #[prost(message, optional, tag = "3")]
    pub(crate) drain_ongoing_call_timeout: Option<prost_types::Duration>,
    #[prost(message, optional, tag = "5")]
    pub(crate) reentrancy: Option<Reentrancy>,
    #[prost(message, repeated, tag = "6")]
    pub(crate) entities_config: Vec<Entities>,
}

/// The same for some of the types.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Entities {
    #[prost(string, repeated, tag = "1")]
    pub(crate) entities: Vec<String>,
    #[prost(message, optional, tag = "2")]
    pub(crate) actor_idle_timeout: Option<prost_types::Duration>,
    #[prost(message, optional, tag = "3")]
    pub(crate) drain_ongoing_call_timeout: Option<prost_types::Duration>,
    #[prost(message, optional, tag = "5")]
    pub(crate) reentrancy: Option<Reentrancy>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Reentrancy {
    #[prost(bool, tag = "1")]
    pub(crate) enabled: bool,
    #[prost(int32, optional, tag = "2")]
    pub(crate) max_stack_depth: Option<i32>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Invoked {
    #[prost(string, tag = "1")]
    pub(crate) id: String,
    #[prost(bytes = "bytes", tag = "2")]
    pub(crate) data: bytes::Bytes,
    #[prost(map = "string, string", tag = "3")]
    pub(crate) metadata: HashMap<String, String>,
    /// Whether the data tell of an error, which the caller gets as they are.
    #[prost(bool, tag = "4")]
    pub(crate) error: bool,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Ticked {
    #[prost(string, tag = "1")]
    pub(crate) id: String,
    /// Whether that was the last tick.
    #[prost(bool, tag = "2")]
    pub(crate) cancel: bool,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Deactivated {
    #[prost(string, tag = "1")]
    pub(crate) id: String,
}

/// In the place of any other answer.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Failed {
    #[prost(string, tag = "1")]
    pub(crate) id: String,
    /// A code of gRPC.
    #[prost(uint32, tag = "2")]
    pub(crate) code: u32,
    #[prost(string, tag = "3")]
    pub(crate) message: String,
}

/// To the app.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct ToHost {
    #[prost(oneof = "Asked", tags = "1, 2, 3, 4, 5")]
    pub(crate) asked: Option<Asked>,
}

/// What the app is asked: first comes the answer to what it hosts, then one call after the other.
#[derive(Clone, PartialEq, prost::Oneof)]
pub(crate) enum Asked {
    #[prost(message, tag = "1")]
    Welcome(Welcome),
    #[prost(message, tag = "2")]
    Invoke(Invoke),
    #[prost(message, tag = "3")]
    Remind(Remind),
    #[prost(message, tag = "4")]
    TickTimer(TickTimer),
    #[prost(message, tag = "5")]
    Deactivate(Deactivate),
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Welcome {}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Invoke {
    #[prost(string, tag = "1")]
    pub(crate) id: String,
    #[prost(string, tag = "2")]
    pub(crate) actor_type: String,
    #[prost(string, tag = "3")]
    pub(crate) actor_id: String,
    #[prost(string, tag = "4")]
    pub(crate) method: String,
    #[prost(bytes = "bytes", tag = "5")]
    pub(crate) data: bytes::Bytes,
    #[prost(map = "string, string", tag = "6")]
    pub(crate) metadata: HashMap<String, String>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Remind {
    #[prost(string, tag = "1")]
    pub(crate) id: String,
    #[prost(string, tag = "2")]
    pub(crate) actor_type: String,
    #[prost(string, tag = "3")]
    pub(crate) actor_id: String,
    #[prost(string, tag = "4")]
    pub(crate) name: String,
    #[prost(string, tag = "5")]
    pub(crate) due_time: String,
    #[prost(string, tag = "6")]
    pub(crate) period: String,
    #[prost(message, optional, tag = "7")]
    pub(crate) data: Option<prost_types::Any>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct TickTimer {
    #[prost(string, tag = "1")]
    pub(crate) id: String,
    #[prost(string, tag = "2")]
    pub(crate) actor_type: String,
    #[prost(string, tag = "3")]
    pub(crate) actor_id: String,
    #[prost(string, tag = "4")]
    pub(crate) name: String,
    #[prost(string, tag = "5")]
    pub(crate) due_time: String,
    #[prost(string, tag = "6")]
    pub(crate) period: String,
    #[prost(string, tag = "7")]
    pub(crate) callback: String,
    #[prost(message, optional, tag = "8")]
    pub(crate) data: Option<prost_types::Any>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Deactivate {
    #[prost(string, tag = "1")]
    pub(crate) id: String,
    #[prost(string, tag = "2")]
    pub(crate) actor_type: String,
    #[prost(string, tag = "3")]
    pub(crate) actor_id: String,
}
