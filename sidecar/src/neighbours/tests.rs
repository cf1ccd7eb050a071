use super::file::EXTENSION;
use super::*;

/// One in a folder that it makes, if it is not there.
fn neighbour(base: &Path, app_id: &str) -> Neighbours {
    let neighbours = Neighbours::new(Some(base.join("sidecars")), app_id, None, 1000);
    neighbours.appear(SocketAddr::from(([0, 0, 0, 0], 3500)));
    neighbours
}

fn strings(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

fn hosted_by(one: &Neighbours, kind: &str) -> Option<Neighbour> {
    one.host_of(kind).expect("known")
}

#[test]
fn they_find_each_other_and_not_who_has_gone() {
    let folder = tempfile::tempdir().expect("folder");
    let (one, two) = (neighbour(folder.path(), "one"), neighbour(folder.path(), "two"));
    let found = one.find("two", None).expect("found");
    assert_eq!(found.http, SocketAddr::from(([127, 0, 0, 1], 3500)), "a place that can be called");
    assert_eq!(one.find("one", None), None, "not itself");
    assert_eq!(one.find("two", Some("elsewhere")), None);
    drop(two);
    assert_eq!(one.find("two", None), None);
}

#[test]
fn what_a_killed_one_leaves_behind_is_removed() {
    let folder = tempfile::tempdir().expect("folder");
    let one = neighbour(folder.path(), "one");
    let left = folder.path().join(format!("sidecars/left.{EXTENSION}"));
    let told = one.own.lock().expect("whole").told.clone();
    std::fs::write(
        &left,
        serde_json::to_vec(&Neighbour { app_id: "dead".into(), key: "k".into(), ..told }).expect("written"),
    )
    .expect("written");
    assert_eq!(one.find("dead", None), None);
    assert!(!left.exists());
}

#[cfg(unix)]
#[test]
fn in_a_folder_that_others_may_change_there_are_none() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().expect("folder");
    let open = folder.path().join("sidecars");
    std::fs::create_dir(&open).expect("made");
    std::fs::set_permissions(&open, std::fs::Permissions::from_mode(0o777)).expect("changed");
    let (one, two) = (neighbour(folder.path(), "one"), neighbour(folder.path(), "two"));
    assert!(one.is_alone() && two.find("one", None).is_none());
    assert_eq!(std::fs::read_dir(&open).expect("read").count(), 0, "no key stands there");
}

#[tokio::test]
async fn a_type_has_one_host() {
    let folder = tempfile::tempdir().expect("folder");
    let (one, two) = (neighbour(folder.path(), "one"), neighbour(folder.path(), "two"));
    assert_eq!(one.claim(&strings(&["A", "B"])).await.expect("claimed"), []);
    assert_eq!(two.claim(&strings(&["B", "C"])).await.expect("claimed"), [("B".to_owned(), "one".to_owned())]);
    assert_eq!(hosted_by(&two, "A").expect("hosted").app_id, "one");
    assert_eq!(hosted_by(&one, "B"), None, "what is its own is nobody else's");
    assert_eq!(hosted_by(&one, "C").expect("hosted").app_id, "two");
    drop(one);
    assert_eq!(two.claim(&strings(&["B", "C"])).await.expect("claimed"), []);
}

/// Stands for whatever keeps one from looking: no file handle, no right, a disk that fails.
#[cfg(unix)]
#[tokio::test]
async fn who_cannot_be_looked_at_has_not_gone_and_nothing_of_it_is_claimed() {
    let folder = tempfile::tempdir().expect("folder");
    let (one, two) = (neighbour(folder.path(), "one"), neighbour(folder.path(), "two"));
    one.claim(&strings(&["A"])).await.expect("claimed");
    two.claim(&strings(&["B"])).await.expect("claimed");
    let (sidecars, away) = (folder.path().join("sidecars"), folder.path().join("away"));

    std::fs::rename(&sidecars, &away).expect("moved");
    std::fs::write(&sidecars, "no folder").expect("written");
    two.host_of("A").expect_err("the folder cannot be read");
    two.claim(&strings(&["A"])).await.expect_err("the folder cannot be read");
    std::fs::remove_file(&sidecars).expect("removed");
    two.host_of("A").expect_err("the folder is not there");
    std::fs::rename(&away, &sidecars).expect("moved back");

    let told = one.own.lock().expect("whole").file.as_ref().expect("told").0.clone();
    let (alive, kept) = (told.with_extension(ALIVE), told.with_extension("kept"));
    std::fs::rename(&alive, &kept).expect("moved");
    // What cannot be opened, and is there.
    std::os::unix::fs::symlink(&alive, &alive).expect("linked");
    two.host_of("A").expect_err("its file cannot be opened");
    two.claim(&strings(&["A", "B"])).await.expect_err("its file cannot be opened");
    std::fs::remove_file(&alive).expect("removed");
    std::fs::rename(&kept, &alive).expect("moved back");

    assert_eq!(hosted_by(&two, "A").expect("still there").app_id, "one");
    assert_eq!(hosted_by(&one, "B").expect("still there").app_id, "two");
    assert_eq!(two.claim(&strings(&["A"])).await.expect("claimed"), [("A".to_owned(), "one".to_owned())]);
}

#[tokio::test]
async fn one_that_has_disappeared_does_not_appear_again() {
    let folder = tempfile::tempdir().expect("folder");
    let (one, two) = (neighbour(folder.path(), "one"), neighbour(folder.path(), "two"));
    one.disappear();
    one.claim(&strings(&["A"])).await.expect_err("it ends");
    assert_eq!(hosted_by(&two, "A"), None);
    assert_eq!(two.find("one", None), None);
}

#[tokio::test]
async fn one_that_ends_is_called_no_more_and_what_it_hosts_is_nobody_elses_until_it_has_gone() {
    let folder = tempfile::tempdir().expect("folder");
    let (one, two) = (neighbour(folder.path(), "one"), neighbour(folder.path(), "two"));
    one.claim(&strings(&["A"])).await.expect("claimed");
    one.leave();
    assert_eq!(two.find("one", None), None);
    assert_eq!(two.claim(&strings(&["A"])).await.expect("known"), [("A".to_owned(), "one".to_owned())]);
    one.claim(&strings(&["B"])).await.expect_err("it ends");
    one.disappear();
    assert_eq!(two.claim(&strings(&["A"])).await.expect("claimed"), []);
}

#[tokio::test(start_paused = true)]
async fn what_somebody_removed_is_told_anew() {
    let folder = tempfile::tempdir().expect("folder");
    let (one, two) = (neighbour(folder.path(), "one"), neighbour(folder.path(), "two"));
    one.claim(&strings(&["A"])).await.expect("claimed");
    let told = || one.own.lock().expect("whole").file.as_ref().expect("told").0.clone();
    for gone in [told().with_extension(ALIVE), folder.path().join("sidecars")] {
        let before = told();
        match gone.is_dir() {
            true => std::fs::remove_dir_all(&gone).expect("removed"),
            false => std::fs::remove_file(&gone).expect("removed"),
        }
        let anew = async {
            while told() == before {
                sleep(LOOK_AGAIN).await;
            }
        };
        tokio::select! {
            () = one.stay() => {}
            () = anew => {}
        }
        assert_eq!(hosted_by(&two, "A").expect("told").app_id, "one");
    }
}
