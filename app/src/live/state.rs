//! What the lab's state is made of: Leptos's signals and memos. Those are code of their own for each type that they
//! hold. Here they hold one type for all, and are in the download once.

use std::{any::Any, marker::PhantomData, ops::Deref};

use leptos::{prelude::*, reactive::traits::UntrackableGuard};

/// A value of any type.
type Held = Box<dyn Any + Send + Sync>;

/// A value that is set. Who reads it in a [`Derived`] or under [`watch`](super::watch::watch) follows it.
pub struct State<T>(RwSignal<Held>, PhantomData<fn() -> T>);

/// A value that is worked out of others, when it is asked for and they have changed. Who follows it is told only when
/// it has become another.
pub struct Derived<T>(Memo<Held>, PhantomData<fn() -> T>);

impl<T: Send + Sync + 'static> State<T> {
    /// Begins with this value.
    pub fn new(value: T) -> Self {
        Self(hold(Box::new(value)), PhantomData)
    }

    /// Sets the value. Who follows it is told, even if it is the same again.
    pub fn set(self, value: T) {
        self.update(|held| *held = value);
    }

    /// Changes the value, and gives what `change` gives. Who follows it is told.
    pub fn update<R>(self, change: impl FnOnce(&mut T) -> R) -> R {
        change(change_held(&self.0).downcast_mut().expect(TYPE))
    }
}

impl<T: Default + Send + Sync + 'static> Default for State<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T: Send + Sync + 'static> Derived<T> {
    /// The value is what `work_out` gives.
    pub fn new(work_out: impl Fn() -> T + Send + Sync + 'static) -> Self
    where
        T: PartialEq,
    {
        Self::of_the_last(move |last| {
            let value = work_out();
            let is_another = last.as_ref() != Some(&value);
            (value, is_another)
        })
    }

    /// The value is what `work_out` makes of the last one, if there was one. It says whether it has become another.
    pub fn of_the_last(work_out: impl Fn(Option<T>) -> (T, bool) + Send + Sync + 'static) -> Self {
        let work_out = move |last: Option<Held>| {
            let (value, is_another) = work_out(last.map(|last| *last.downcast().expect(TYPE)));
            (Box::new(value) as Held, is_another)
        };
        Self(hold_derived(Box::new(work_out)), PhantomData)
    }
}

/// The two are read alike.
macro_rules! read_by {
    ($name:ident: $follow:ident, $look:ident) => {
        impl<T: Send + Sync + 'static> $name<T> {
            /// The value to be looked at, which is followed.
            pub fn read(self) -> impl Deref<Target = T> {
                Typed($follow(self.0), PhantomData)
            }

            /// What `read` makes of the value, which is followed.
            pub fn with<R>(self, read: impl FnOnce(&T) -> R) -> R {
                read(&self.read())
            }

            /// What `read` makes of the value.
            pub fn with_untracked<R>(self, read: impl FnOnce(&T) -> R) -> R {
                read(&Typed($look(self.0), PhantomData))
            }

            /// The value, which is followed.
            pub fn get(self) -> T
            where
                T: Clone,
            {
                self.with(T::clone)
            }

            /// The value.
            pub fn get_untracked(self) -> T
            where
                T: Clone,
            {
                self.with_untracked(T::clone)
            }
        }

        impl<T> Clone for $name<T> {
            fn clone(&self) -> Self {
                *self
            }
        }

        impl<T> Copy for $name<T> {}
    };
}

read_by!(State: follow, look);
read_by!(Derived: follow_derived, look_derived);

/// What is held, as the type that was put in.
struct Typed<G, T>(G, PhantomData<T>);

impl<G: Deref<Target = Held>, T: 'static> Deref for Typed<G, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.0.downcast_ref().expect(TYPE)
    }
}

/// What is taken out is what was put in: nothing else gets at what is held.
const TYPE: &str = "a value of the type that was put in";

// What follows is here once, and is not copied to where it is used.

#[inline(never)]
fn hold(value: Held) -> RwSignal<Held> {
    RwSignal::new(value)
}

#[inline(never)]
fn hold_derived(work_out: Box<dyn Fn(Option<Held>) -> (Held, bool) + Send + Sync>) -> Memo<Held> {
    Memo::new_owning(work_out)
}

#[inline(never)]
fn follow(signal: RwSignal<Held>) -> impl Deref<Target = Held> {
    signal.read()
}

#[inline(never)]
fn look(signal: RwSignal<Held>) -> impl Deref<Target = Held> {
    signal.read_untracked()
}

#[inline(never)]
fn follow_derived(memo: Memo<Held>) -> impl Deref<Target = Held> {
    memo.read()
}

#[inline(never)]
fn look_derived(memo: Memo<Held>) -> impl Deref<Target = Held> {
    memo.read_untracked()
}

/// The followers are told when what this gives is let go.
#[inline(never)]
fn change_held(signal: &RwSignal<Held>) -> impl UntrackableGuard<Target = Held> {
    signal.write()
}
