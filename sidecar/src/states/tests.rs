//! Bounds of bulk requests.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use super::*;
use crate::observation::Observation;
use crate::resiliency::ResiliencySet;

/// Counts what is at it, now and at most, and in all. Each value has a hundred bytes.
#[derive(Default)]
struct Counting {
    now: AtomicUsize,
    most: AtomicUsize,
    all: AtomicUsize,
    /// Whether it answers no write.
    silent: bool,
    /// Whether it refuses the key `refused` and does not know of the key `lost`.
    fails: bool,
}

impl Counting {
    async fn count(&self) {
        self.all.fetch_add(1, Relaxed);
        self.most.fetch_max(self.now.fetch_add(1, Relaxed) + 1, Relaxed);
        tokio::task::yield_now().await;
        self.now.fetch_sub(1, Relaxed);
    }
}

#[async_trait::async_trait]
impl StateStore for Counting {
    async fn get(&self, _: &str) -> Result<Option<Stored>, String> {
        self.count().await;
        Ok(Some(Stored { data: vec![b'1'; 100], etag: None, expires: None }))
    }

    async fn with_prefix(&self, _: &str) -> Result<Vec<(String, Stored)>, String> {
        Ok(Vec::new())
    }

    async fn write(&self, operations: Vec<Operation>) -> Result<(), WriteError> {
        self.count().await;
        if self.silent {
            std::future::pending::<()>().await;
        }
        match operations[0].key.as_str() {
            "refused" if self.fails => Err(WriteError::Failed("refused".into())),
            "lost" if self.fails => Err(WriteError::Unknown("lost".into())),
            _ => Ok(()),
        }
    }

    fn path(&self) -> Option<&Path> {
        None
    }

    fn close(&self) {}
}

fn states() -> (States, Arc<Counting>) {
    over(Counting::default(), &ResiliencySet::default())
}

fn over(counting: Counting, set: &ResiliencySet) -> (States, Arc<Counting>) {
    let counting = Arc::new(counting);
    let named = Named { store: Arc::clone(&counting) as Arc<dyn StateStore>, prefix: String::new() };
    let policies = set.compile("app").expect("valid policies");
    let resiliency = Resiliency::new("app".into(), Vec::new(), policies, Observation::default());
    (States::new(HashMap::from([("s".to_owned(), named)]), resiliency, "app".into(), None), counting)
}

fn keys(count: usize) -> Vec<String> {
    (0..count).map(|n| n.to_string()).collect()
}

#[tokio::test]
async fn a_bulk_read_ends_at_the_longest_answer_and_has_so_many_keys_at_most() {
    let (states, counting) = states();
    let reads = states.get_bulk("s", keys(MOST_ITEMS), usize::MAX).await.expect("read");
    assert!(reads.into_iter().map(|read| read.key).eq(keys(MOST_ITEMS)));
    assert_eq!(counting.most.load(Relaxed), AT_ONCE);
    counting.all.store(0, Relaxed);
    let error = states.get_bulk("s", keys(MOST_ITEMS), 1_000).await.map(drop).expect_err("too long");
    assert_eq!(error.name, "ERR_RESPONSE_TOO_LARGE");
    assert!(counting.all.load(Relaxed) < 3 * AT_ONCE, "it ended there");
    assert!(states.get_bulk("s", keys(MOST_ITEMS + 1), usize::MAX).await.is_err());
}

#[tokio::test]
async fn a_bulk_save_has_few_writes_at_the_store_at_once_and_so_many_in_all() {
    let (states, counting) = states();
    let save = async |count: usize| {
        let set = |key| SetRequest { key, value: Value::Json("1".into()), options: WriteOptions::default() };
        states.set("s", keys(count).into_iter().map(set).collect()).await
    };
    assert_eq!(save(MOST_ITEMS).await, Ok(()));
    assert_eq!((counting.most.load(Relaxed), counting.all.load(Relaxed)), (AT_ONCE, MOST_ITEMS));
    let error = save(MOST_ITEMS + 1).await.expect_err("too many");
    assert!(error.message.contains("1000 items at most"), "{}", error.message);
    let removals = |count| keys(count).into_iter().map(|key| (key, WriteOptions::default())).collect();
    assert!(states.delete_bulk("s", removals(MOST_ITEMS + 1)).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_write_with_an_etag_that_took_too_long_is_not_sent_again_for_it_may_be_done() {
    let policies = "
apiVersion: dapr.io/v1alpha1
kind: Resiliency
metadata: {name: r}
spec:
  policies: {timeouts: {t: 1s}, retries: {r: {policy: constant, duration: 1s, maxRetries: 2}}}
  targets: {components: {s: {outbound: {timeout: t, retry: r}}}}
";
    let set = ResiliencySet::from_documents([("r.yaml", policies)]).expect("valid");
    for (etag, writes) in [(None, 3), (Some("1".to_owned()), 1)] {
        let (states, counting) = over(Counting { silent: true, ..Counting::default() }, &set);
        let options = WriteOptions { etag, ..WriteOptions::default() };
        let set = SetRequest { key: "k".into(), value: Value::Json("1".into()), options };
        let error = states.set("s", vec![set]).await.expect_err("late");
        assert!(error.message.contains("context deadline exceeded"), "{}", error.message);
        assert_eq!(counting.all.load(Relaxed), writes);
    }
}

#[tokio::test]
async fn of_many_writes_it_is_not_lost_that_one_may_have_happened() {
    let (states, _) = over(Counting { fails: true, ..Counting::default() }, &ResiliencySet::default());
    let named = states.stores.get("s").expect("there");
    let operation = |key: &str| {
        let condition = condition(WriteOptions::default());
        Operation { key: key.into(), put: None, when: condition }
    };
    let error =
        states.each("s", named, ["lost", "kept", "refused"].map(operation).into()).await.expect_err("two of them");
    assert!(matches!(&error, WriteError::Unknown(text) if text.contains("refused")), "{error:?}");
}

#[test]
fn the_time_to_live_of_the_whole_request_counts_more_than_that_of_one_value() {
    let given = |text: &str| HashMap::from([("TTLInSeconds".to_owned(), text.to_owned())]);
    let own = WriteOptions { metadata: given("5"), ..WriteOptions::default() };
    assert_eq!(seconds(&own), Ok(Some(5)));
    assert_eq!(seconds(&WriteOptions { shared: Arc::new(given("7")), ..own }), Ok(Some(7)));
}
