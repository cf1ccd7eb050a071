//! What the deep dives say: data, no logic. What is told of daprd was seen on 1.18.2 with Redis, running the lesson's own
//! program.

use super::dive::{
    Did::{Done, Failed, Never, Waited},
    Dive, Listing, Live, Otherwise, Scene,
};

/// The deep dives, in the order in which a message meets the faults.
pub const DIVES: [Dive; 8] = [
    Dive {
        slug: "retry-around-a-cache",
        title: "The save is retried around a cache, and the real write is not retried at all",
        costs: "A store that stumbles for a second at the wrong moment loses the message. Its event is out already.",
        theirs: Listing {
            name: "Python, the lesson’s idea",
            text: "\
for attempt in range(3):
    try:
        await self._state_manager.set_state(key, history)
        break
    except Exception as error:
        await asyncio.sleep(1)
await self._publish_conversation_event(message, reply)
return reply",
            mark: "await self._state_manager.set_state(key, history)",
            says: "This changes a dictionary in memory. It cannot fail, so there is nothing to retry.",
        },
        there: &[Done("save, to the cache"), Done("event published"), Failed("the write"), Never("a second try")],
        really: "The SDK writes its cache to the store when the method has returned: once, outside the loop, and after \
                 the event. If that write fails, nobody tries again, the caller gets an error, and the event tells of a \
                 message that is stored nowhere.",
        seen: &[
            "The event was published before the state was written.",
            "With Redis stopped a message is answered 500 after 6.5 s. No line says Retry 1 for history save: no code \
             path can write it.",
        ],
        here: &[
            Failed("save 1"),
            Waited("1 s"),
            Failed("save 2"),
            Waited("1 s"),
            Done("save 3"),
            Done("publish"),
            Done("reply"),
        ],
        ours: Listing {
            name: "server/src/actor/turn.rs",
            text: "\
self.save(&Conversation { history, answered }, unsettled).await?;
self.record(Step::ReplyReady {
…
self.publish(message, &reply, id).await;",
            mark: "self.save(&Conversation { history, answered }, unsettled).await?;",
            says: "One attempt is one state transaction of Dapr. The ? ends the turn if none of them succeeds.",
        },
        instead: "Reply and event come after the write, in the source and in time. Neither is there for a message that was \
                  not stored.",
        live: Live::Scene(Scene {
            scenario: "save-fails-twice",
            evidence: "Two torn save bars and their waits; the publish bar stands right of the third save.",
            otherwise: None,
        }),
    },
    Dive {
        slug: "failed-read-wipes",
        title: "A read that fails once wipes the whole conversation",
        costs: "The learner comes back after a while, the store stumbles, and everything that was said is gone for good.",
        theirs: Listing {
            name: "Python, the lesson’s idea",
            text: "\
async def _on_activate(self):
    try:
        history = await self._state_manager.get_state(key)
    except Exception as error:
        logging.warning(f\"Non-critical: {error}\")
        await self._state_manager.set_state(key, [])",
            mark: "await self._state_manager.set_state(key, [])",
            says: "It could not read what is there, and so it writes an empty list over it.",
        },
        there: &[Done("activated"), Failed("read"), Done("write []"), Never("the conversation")],
        really: "Reading failed, so the code does not know what is stored. It goes on as if it knew that nothing is. The \
                 store is back a moment later, and takes the empty list like any other value.",
        seen: &["One failed read at the activation left [] where the conversation had been."],
        here: &[
            Failed("load 1"),
            Waited("1 s"),
            Failed("load 2"),
            Waited("1 s"),
            Failed("load 3"),
            Never("a save"),
            Done("history unchanged"),
        ],
        ours: Listing {
            name: "server/src/actor/turn.rs",
            text: "\
let Conversation { mut history, mut answered } = self.load().await?;
…
self.save(&Conversation { history, answered }, unsettled).await?;",
            mark: "let Conversation { mut history, mut answered } = self.load().await?;",
            says: "There is no history to write without a load that succeeded: the ? ends the turn before that.",
        },
        instead: "What is saved is made from what was loaded. The compiler would not let anybody save a conversation that \
                  is not there. An activation reads nothing and writes nothing.",
        live: Live::Scene(Scene {
            scenario: "failed-read",
            evidence: "A turn of three torn load bars without a save; then the first message is still in the history.",
            otherwise: None,
        }),
    },
    Dive {
        slug: "outage-looks-empty",
        title: "During an outage the history is an empty list, and the status is 200",
        costs: "Whoever asks believes it. A page shows an empty chat; a program goes on and writes over what it did not see.",
        theirs: Listing {
            name: "Python, the lesson’s idea",
            text: "\
async def get_conversation_history(self):
    try:
        return await self._state_manager.get_state(key)
    except Exception as error:
        logging.error(f\"Error getting history: {error}\")
        return []",
            mark: "return []",
            says: "The caller cannot tell “nothing was said” from “nobody could look”.",
        },
        there: &[Failed("read, for 6.3 s"), Done("200, []")],
        really: "The error is in the log, where the caller does not look. The answer is a success, and says something that \
                 is not true.",
        seen: &[
            "With Redis stopped: GET /chat/user1/history is answered 200 with {\"history\":[]}, after 6.3 s.",
            "In the same outage POST /chat/user1 is answered 500: the two do not agree on what is wrong.",
        ],
        here: &[Failed("load"), Failed("503, with the reason")],
        ours: Listing {
            name: "server/src/actor/turn.rs",
            text: "\
async fn get_conversation_history(&self) -> Result<Done, LabError> {
    let messages = self.load().await?.history;",
            mark: "let messages = self.load().await?.history;",
            says: "Either the messages or the error. A LabError has a code, and the code its status: 503 here.",
        },
        instead: "The history is loaded by the same function as for a message, with the same attempts. Its error goes \
                  through to the caller, in words that say what to do.",
        live: Live::Scene(Scene {
            scenario: "history-in-outage",
            evidence: "The reading’s turn fails, and its answer is an error; after the outage it returns both messages.",
            otherwise: Some(Otherwise {
                scenario: "retries-run-out",
                why: "A reading fails only when the store is really away: the failure switch lets readings pass, so that \
                      looking never uses up a failure. That takes Redis, and a lab that was started with cargo xtask run \
                      --dapr. Here you can see the same load fail for a message: the answer is the error, and no list.",
            }),
        }),
    },
    Dive {
        slug: "event-processed",
        title: "The event is handled, and Dapr takes the answer for a failure",
        costs: "Each event counts as failed. Where deliveries are retried, it is handled once more with each retry.",
        theirs: Listing {
            name: "Python, the lesson’s idea",
            text: "\
@app.post(\"/subscribe\")
async def subscribe_message(data: dict):
    event = json.loads(data[\"data\"])
    logging.info(f\"Received event: {event}\")
    return {\"status\": \"Event processed\"}",
            mark: "return {\"status\": \"Event processed\"}",
            says: "Dapr reads this word. It knows SUCCESS, RETRY and DROP.",
        },
        there: &[Done("delivered"), Done("handled"), Failed("“Event processed”"), Failed("counts as failed")],
        really: "A delivery is acknowledged by a word in the body, not by the status 200 alone. An unknown word is an error \
                 that may be retried.",
        seen: &[
            "daprd’s log: unknown status returned from app while processing pub/sub event …, status: Event processed",
        ],
        here: &[Done("delivered"), Done("recorded"), Done("SUCCESS")],
        ours: Listing {
            name: "server/src/app_channel/events.rs",
            text: "\
enum Status {
    /// It was taken.
    Success,
    /// It can never be taken.
    Drop,
}",
            mark: "Success,",
            says: "Two answers, as a type. A third word cannot be written by mistake.",
        },
        instead: "What cannot be decoded is answered DROP: no other delivery of the same bytes would go better.",
        live: Live::Scene(Scene {
            scenario: "event-comes-back",
            evidence: "One event in the pane Stored, delivered once; the run counts the deliveries.",
            otherwise: None,
        }),
    },
    Dive {
        slug: "key-that-is-not-there",
        title: "The key that the lesson tells you to look up does not exist",
        costs: "The check “State consistency” cannot be done as it is written: it looks as if nothing had been stored.",
        theirs: Listing {
            name: "Shell, the lesson’s check",
            text: "\
$ redis-cli GET history-user1
(nil)
$ redis-cli GET 'daca-ai-app||ChatAgent||user1||history-user1'
WRONGTYPE Operation against a key holding the wrong kind of value",
            mark: "$ redis-cli GET history-user1",
            says: "This is the actor’s name for it. Dapr puts the app, the actor type and the id in front.",
        },
        there: &[Never("history-user1"), Failed("GET of a hash")],
        really: "Two apps, or two actors, may use the same name: Dapr keeps them apart with a longer key. In Redis the value \
                 is a hash with the fields data and version; in SQLite it is a row, its value in base64.",
        seen: &[
            "HGETALL of the whole key gives data and version; version is 2 after one message.",
            "GET history-user1 finds nothing, at any time.",
        ],
        here: &[Done("the whole key"), Done("the value"), Done("equal to the history")],
        ours: Listing {
            name: "model/src/actor_id.rs",
            text: "\
pub fn store_key(&self, key: &str) -> String {
    format!(\"{APP_ID}||{ACTOR_TYPE}||{}||{key}\", self.0)
}",
            mark: "format!(\"{APP_ID}||{ACTOR_TYPE}||{}||{key}\", self.0)",
            says: "The one place that knows it.",
        },
        instead: "The pane Stored shows the whole key, the value, and the command that reads it in your shell, for the store \
                  that this lab runs on.",
        live: Live::Scene(Scene {
            scenario: "what-is-stored",
            evidence: "Key, value and command in the pane Stored; the check State consistency is proven.",
            otherwise: None,
        }),
    },
    Dive {
        slug: "one-failure",
        title: "However many messages you send, at most one of them meets a failure",
        costs: "The check “send multiple messages to confirm that retries handle failures” confirms one retry.",
        theirs: Listing {
            name: "Python, the lesson’s idea",
            text: "\
def __init__(self, ctx, actor_id):
    self._simulate_failure = True

async def process_message(self, message):
    if self._simulate_failure:
        self._simulate_failure = False
        raise Exception(\"Simulated state store failure\")",
            mark: "self._simulate_failure = False",
            says: "Used up by the first message. Only a new activation sets it again.",
        },
        there: &[Failed("message 1"), Waited("1 s"), Done("message 1"), Done("message 2"), Done("message 3")],
        really: "The flag belongs to the object in memory. It is set when the actor is activated, which is when it is called \
                 for the first time or after it has idled.",
        seen: &["Several messages in a row: one Retry 1 for history load in the log, and no more."],
        here: &[
            Failed("message 1"),
            Waited("1 s"),
            Done("message 1"),
            Done("message 2"),
            Done("arm again"),
            Failed("message 3"),
            Waited("1 s"),
            Done("message 3"),
        ],
        ours: Listing {
            name: "model/src/fault/attempt.rs",
            text: "\
pub enum FaultSpan {
    /// The first so many after each activation of the actor, and after each arming.
    First {
…
    /// The next so many after the plan was armed, once.
    Next {
…
    /// All, until the switch is off.
    UntilOff,
}",
            mark: "/// The first so many after each activation of the actor, and after each arming.",
            says: "How long a failure lasts is part of its description. The lesson’s is the first of these.",
        },
        instead: "Arm again takes the place of a new activation; the switch also knows failures that last longer. The check \
                  Recovery wants two messages that met one.",
        live: Live::Scene(Scene {
            scenario: "armed-again",
            evidence: "Three turns: torn, whole, torn again.",
            otherwise: None,
        }),
    },
    Dive {
        slug: "missing-key",
        title: "If the stored key disappears, every later message fails",
        costs: "A cleaned-up store, an expired key, a restored backup: the actor answers nobody until it is activated anew.",
        theirs: Listing {
            name: "Python, the lesson’s idea",
            text: "\
for attempt in range(3):
    try:
        history = await self._state_manager.get_state(key)
        break
    except Exception as error:
        if attempt == 2:
            raise
        await asyncio.sleep(1)",
            mark: "history = await self._state_manager.get_state(key)",
            says: "For a key that is not there this raises KeyError. The loop retries what no retry can mend.",
        },
        there: &[
            Failed("load 1"),
            Waited("1 s"),
            Failed("load 2"),
            Waited("1 s"),
            Failed("load 3"),
            Failed("every message"),
        ],
        really: "Only the activation puts an empty list where nothing is. So the code works for a new learner, and nobody \
                 notices that it relies on it.",
        seen: &[
            "The key deleted while the actor was in memory: KeyError … was not found, for each message from then on.",
        ],
        here: &[Done("load: nothing there"), Done("save"), Done("publish"), Done("reply")],
        ours: Listing {
            name: "server/src/actor/state.rs",
            text: "\
if value.is_empty() {
    return Ok(T::default());
}",
            mark: "return Ok(T::default());",
            says: "A missing key is an empty history, at any time. A key that cannot be read is an error.",
        },
        instead: "The three cases are three answers: there, not there, not readable. Only the last is retried.",
        live: Live::Scene(Scene {
            scenario: "key-disappears",
            evidence: "Both turns succeed with one load each; the history holds the second message alone.",
            otherwise: None,
        }),
    },
    Dive {
        slug: "does-not-compile",
        title: "As it is printed, the program does not start",
        costs: "The first thing that a learner sees is an error that the lesson does not speak of.",
        theirs: Listing {
            name: "Python, as printed",
            text: "\
if not data.content:
    raise HTTPException(400, detail=\"Invalid 'content' field')",
            mark: "raise HTTPException(400, detail=\"Invalid 'content' field')",
            says: "The text opens with a double quote and closes with a single one.",
        },
        there: &[Failed("compile"), Never("a program")],
        really: "Python reads the whole file before it runs any of it. One wrong quote, and there is no actor, no endpoint \
                 and no retry to look at. Mended, the line does what it should: an empty message is answered 400.",
        seen: &[
            "SyntaxError: unterminated string literal (detected at line 152), from Python 3.11 for the printed file.",
        ],
        here: &[Done("compile"), Done("test"), Done("400, with the reason")],
        ours: Listing {
            name: "server/src/invocation.rs",
            text: "\
if content.trim().is_empty() {
    return Err(LabError::new(ErrorCode::InvalidRequest, \"The content is empty: write a message\"));
}",
            mark: "return Err(LabError::new(ErrorCode::InvalidRequest, \"The content is empty: write a message\"));",
            says: "The same refusal. What does not compile cannot be handed out.",
        },
        instead: "The lines on these pages are held to the source by a test: if the code changes, the page has to.",
        live: Live::Shell {
            why: "There is nothing to run here: the lab has no Python in it, and a program that does not compile does \
                  nothing. See what Python says in your own shell:",
            command: r#"python3 -c "detail=\"Invalid or missing 'content' field')""#,
            prints: "SyntaxError: unterminated string literal (detected at line 1)",
        },
    },
];
