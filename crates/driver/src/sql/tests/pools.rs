//! Pools whose connections the workers of a run share.

use super::*;
use futures_util::FutureExt;
use std::{pin::pin, slice, thread};
use tokio::runtime::Builder;

/// The driver of a worker, of those with the same setup.
fn worker(setup: &Arc<Setup>, number: usize) -> SqlDriver {
    SqlDriver::new(
        Clock::of_runtime(),
        Timers::default(),
        Arc::clone(setup),
        number,
    )
}

fn with_pool(mut database: Database, size: u32) -> Database {
    database.connections = Connections::Pool {
        size: NonZeroU32::new(size).unwrap(),
    };
    database
}

#[tokio::test]
async fn places_are_the_runs_and_go_to_whoever_waited_longest() {
    let (database, _folder) = sqlite();
    let database = with_pool(database, 1);
    let setup = Arc::new(prepare_all(&[database], &[]).await.unwrap());
    let drivers = [worker(&setup, 0), worker(&setup, 1)];
    let [own, other] = drivers.each_ref().map(|it| it.pools[0].as_ref().unwrap());
    let permit = own.try_enter().unwrap();
    assert!(other.try_enter().is_none());
    let connection = Connection::open(&setup.targets[0]).await.ok().unwrap();
    let (mut first, mut second) = (pin!(other.enter()), pin!(own.enter()));
    assert!(first.as_mut().now_or_never().is_none());
    assert!(second.as_mut().now_or_never().is_none());
    own.give_back(connection, permit);
    assert!(second.as_mut().now_or_never().is_none());
    let permit = first.await.unwrap();
    // The connection goes with the place: no second one is opened.
    let connection = other.take().unwrap();
    assert!(own.take().is_none());
    other.give_back(connection, permit);
    assert!(second.await.is_some() && own.take().is_some());
}

#[test]
fn a_connection_of_another_worker_is_used_and_outlives_its_runtime() {
    for kind in [ServerKind::Postgres, ServerKind::MariaDb] {
        outlives_its_runtime(&with_pool(served(kind), 1));
    }
}

fn outlives_its_runtime(database: &Database) {
    let steps = [query(database, "SELECT 1", &[])];
    let candidate = Candidate {
        index: 0,
        step: &steps[0],
        sample: &[],
        after_user_start: false,
        is_of_user_start: false,
    };
    let setup = Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(prepare_all(slice::from_ref(database), &[candidate]))
        .unwrap();
    let setup = Arc::new(setup);
    let run = |number| {
        let work = async {
            let driver = worker(&setup, number);
            let mut session = driver.session(0);
            let progress = Progress::default();
            driver
                .step(&mut session, 0, &steps[0], &mut [], &progress)
                .await
        };
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(work)
    };
    thread::scope(|scope| {
        let first = scope.spawn(|| run(0)).join().unwrap();
        let second = scope.spawn(|| run(1)).join().unwrap();
        assert!(first.failure.is_none() && first.connect.is_some());
        assert!(second.failure.is_none(), "{:?}", second.failure);
        assert_eq!((second.connect, second.reconnects), (None, 0));
    });
}
