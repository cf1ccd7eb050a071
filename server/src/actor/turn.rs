//! One turn of a `ChatAgent`: load, reply, save, publish.

use std::{mem, time::Duration};

use model::{
    error::{ErrorCode, LabError, clause},
    message::{Message, MessageId, NOT_TWICE, keep_last},
    operation::Operation,
    timeline::Step,
};

use super::{Answer, Call, Environment, answered::Known, publish::conversation_updated, state::Conversation};
use crate::{
    labs::{Lab, Unsettled},
    retry::{GaveUp, Reason, Run},
};

/// What is at hand during a turn.
pub(super) struct RunningTurn<'a> {
    pub(super) around: &'a Environment,
    pub(super) lab: &'a Lab,
    pub(super) run: Run<'a>,
}

/// What a turn comes to.
pub(super) struct Done {
    pub(super) answer: Answer,
    /// Whether the message had been stored before.
    pub(super) repeated: bool,
}

impl Done {
    const fn first(answer: Answer) -> Self {
        Self { answer, repeated: false }
    }
}

impl RunningTurn<'_> {
    pub(super) async fn run(&self, call: &Call) -> Result<Done, LabError> {
        match call {
            Call::ProcessMessage { message, id } => self.process_message(message, id).await,
            Call::GetConversationHistory => self.get_conversation_history().await,
            Call::ResetConversation => self.reset_conversation().await,
        }
    }

    /// The lesson's `process_message`, its write where its retry is, and its event after the write.
    async fn process_message(&self, message: &Message, id: &MessageId) -> Result<Done, LabError> {
        let Conversation { mut history, mut answered } = self.load().await?;
        let reply = Message::reply_to(&message.content);
        match answered.known(id, &message.content) {
            Known::Stored => return Ok(Done { answer: Answer::Reply(reply), repeated: true }),
            Known::Other => return Err(id_reused(id)),
            Known::New => {}
        }
        history.extend([message.clone(), reply.clone()]);
        keep_last(&mut history);
        answered.remember(id.clone(), &message.content);
        let unsettled =
            Unsettled { turn: self.run.turn, id: id.clone(), content: message.content.clone(), reply: reply.clone() };
        self.save(&Conversation { history, answered }, unsettled).await?;
        self.record(Step::ReplyReady {
            turn: self.run.turn,
            content: message.content.clone(),
            reply: reply.content.clone(),
        });
        self.publish(message, &reply, id).await;
        Ok(Done::first(Answer::Reply(reply)))
    }

    async fn get_conversation_history(&self) -> Result<Done, LabError> {
        let messages = self.load().await?.history;
        self.record(Step::HistoryReturned { turn: self.run.turn, messages: messages.clone() });
        Ok(Done::first(Answer::History(messages)))
    }

    async fn reset_conversation(&self) -> Result<Done, LabError> {
        let (state, actor) = (&self.around.state, self.run.actor);
        let deleted = self.run.retry(Operation::Delete, |_| state.delete(actor)).await;
        deleted.map_err(|error| self.gave_up_reset(&error))?;
        Ok(Done::first(Answer::Reset))
    }

    /// Reads what is stored, and settles what earlier turns left open before anything is written.
    async fn load(&self) -> Result<Conversation, LabError> {
        let (state, actor) = (&self.around.state, self.run.actor);
        let load = self.run.retry(Operation::Load, |hit| state.load(actor, hit));
        let conversation = load.await.map_err(|error| self.gave_up(Operation::Load, &error))?;
        let first = self.around.timelines.first_load(actor, &conversation.history);
        self.settle(&conversation, first);
        Ok(conversation)
    }

    /// A save whose outcome was unknown is known now: its message is among the answered ones or it never was stored.
    /// `counted` says that the history which was just read is what the timeline begins with, the message included.
    fn settle(&self, conversation: &Conversation, counted: bool) {
        let unsettled = self.around.labs.change(self.lab, |lab| mem::take(&mut lab.unsettled));
        for Unsettled { turn, id, content, reply } in unsettled {
            if !counted && conversation.answered.known(&id, &content) == Known::Stored {
                self.record(Step::ReplyReady { turn, content, reply: reply.content });
            }
        }
    }

    async fn save(&self, conversation: &Conversation, unsettled: Unsettled) -> Result<(), LabError> {
        let (state, actor) = (&self.around.state, self.run.actor);
        let save = self.run.retry(Operation::Save, |hit| state.save(actor, conversation, hit));
        save.await.map_err(|error| {
            if error.maybe_done {
                self.around.labs.change(self.lab, |lab| lab.unsettled.push(unsettled));
            }
            self.gave_up(Operation::Save, &error)
        })
    }

    /// Publishes once, as the lesson does: what is stored is stored, whether or not its event goes out.
    async fn publish(&self, message: &Message, reply: &Message, id: &MessageId) {
        let (events, actor) = (&self.around.events, self.run.actor);
        let event = &conversation_updated(actor, message, reply);
        let publish = self.run.retry(Operation::Publish, |_| events.publish(id, event));
        // The failed attempt is in the timeline and in the log; that is all that is to be done about it.
        drop(publish.await);
    }

    fn record(&self, step: Step) {
        self.around.timelines.record(self.run.actor, step);
    }

    /// The turn's error of an operation that was given up, in the words of the lesson's log.
    fn gave_up(&self, operation: Operation, error: &GaveUp) -> LabError {
        let key = self.run.actor.history_key();
        if operation == Operation::Save && error.maybe_done {
            let unknown = format!("the save for {key}");
            return outcome_unknown(&unknown, error, &format!("Send the same message again: {NOT_TWICE}."));
        }
        self.failed(&format!("Failed to {} history for {key}", operation.as_str()), error, "Nothing was stored.")
    }

    /// The turn's error of a reset that was given up: no message was sent, and none is to be sent again.
    fn gave_up_reset(&self, error: &GaveUp) -> LabError {
        let key = self.run.actor.history_key();
        if error.maybe_done {
            let unknown = format!("the reset of {key}");
            return outcome_unknown(&unknown, error, "Reset the lab again: nothing else is lost by it.");
        }
        self.failed(&format!("Failed to reset {key}"), error, "What is stored is still there: reset the lab again.")
    }

    /// `what` failed, and `then` is how things stand.
    fn failed(&self, what: &str, error: &GaveUp, then: &str) -> LabError {
        let (attempts, last) = (attempts(error), clause(&error.last));
        let (code, message) = match error.reason {
            Reason::Exhausted => {
                (ErrorCode::RetriesExhausted, format!("{what} after {attempts}: {last}. {then}{}", own_tries(error)))
            }
            Reason::Permanent => (ErrorCode::TurnFailed, format!("{what}, a retry cannot mend it: {last}. {then}")),
            Reason::TurnLimit => {
                let seconds = self.around.turn_limit.as_secs();
                let message = format!("{what}: the turn's {seconds} s were over after {attempts}: {last}. {then}");
                (ErrorCode::TurnFailed, message)
            }
        };
        LabError::new(code, message)
    }
}

fn attempts(error: &GaveUp) -> String {
    match error.attempts {
        1 => "1 attempt".to_owned(),
        n => format!("{n} attempts"),
    }
}

/// It is not known what became of `what`; `then` says what to do.
fn outcome_unknown(what: &str, error: &GaveUp, then: &str) -> LabError {
    let (attempts, last) = (attempts(error), clause(&error.last));
    let message = format!("It is not known whether {what} was carried out, after {attempts}: {last}. {then}");
    LabError::new(ErrorCode::OutcomeUnknown, message)
}

/// Why a message is refused whose id another has.
fn id_reused(id: &MessageId) -> LabError {
    let message = format!(
        "The id {} (Idempotency-Key) belongs to a message with another text, which is stored already. This one was not \
         stored: send it with an id of its own.",
        id.as_str()
    );
    LabError::new(ErrorCode::IdReused, message)
}

/// Why attempts took so long that the store failed at once, where they did.
fn own_tries(error: &GaveUp) -> String {
    let words = |took: Duration| {
        let seconds = took.as_secs_f64();
        format!(
            " The last attempt took {seconds:.1} s, as the sidecar tries again by itself before it reports a failure."
        )
    };
    error.sidecar_tried.map(words).unwrap_or_default()
}
