//! What the page says to those who hear it. A sentence that stands for less than a moment is not spoken: what is told at
//! once is said one after the other.

use std::{collections::VecDeque, time::Duration};

use leptos::prelude::*;

use super::store::Store;

/// How long a sentence stands before the next.
const PAUSE: Duration = Duration::from_millis(150);
/// How many sentences may wait. Of more the oldest are left out: nobody wants to hear the news of a minute ago.
const MOST: usize = 5;

/// The sentences that wait.
#[derive(Default)]
pub struct Speech {
    due: VecDeque<String>,
    speaks: bool,
}

impl Store {
    /// Says a sentence, after those that wait.
    pub fn say(self, sentence: String) {
        let begins = self.speech.try_update(|speech| {
            speech.due.push_back(sentence);
            if speech.due.len() > MOST {
                speech.due.pop_front();
            }
            !std::mem::replace(&mut speech.speaks, true)
        });
        if begins == Some(true) {
            self.speak();
        }
    }

    fn speak(self) {
        let next = self.speech.try_update(|speech| {
            let next = speech.due.pop_front();
            speech.speaks = next.is_some();
            next
        });
        if let Some(Some(sentence)) = next {
            self.said.set(sentence);
            set_timeout(move || self.speak(), PAUSE);
        }
    }
}
