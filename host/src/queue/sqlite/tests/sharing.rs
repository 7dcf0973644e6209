//! Several queues on one file, as several processes have them.

use std::collections::BTreeSet;
use std::sync::{Barrier, Mutex};

use super::*;

#[test]
fn each_task_is_leased_once() {
    let folder = Folder::new();
    let queues = [folder.queue(), folder.queue()];
    let ids: BTreeSet<TaskId> = (0..120).map(|n| submitted(&queues[n % 2], 1)).collect();
    let taken = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for n in 0..8 {
            let (queue, taken) = (&queues[n % 2], &taken);
            scope.spawn(move || {
                while let Some(lease) = queue.lease(&format!("o{n}"), at(100), at(1000)).unwrap() {
                    taken.lock().unwrap().push(lease.id);
                    queue.renew(&lease, at(2000), &halfway()).unwrap();
                    if n % 3 == 0 {
                        queue.fail(&lease, at(200), &broken()).unwrap();
                    }
                }
            });
        }
    });
    let taken = taken.into_inner().unwrap();
    assert_eq!(taken.len(), ids.len());
    assert_eq!(taken.into_iter().collect::<BTreeSet<_>>(), ids);
}

#[test]
fn one_queue_sees_what_another_answered() {
    let folder = Folder::new();
    let (one, two) = (folder.queue(), folder.queue());
    let id = submitted(&one, 1);
    let lease = leased(&two);
    assert_eq!((lease.id, record(&one, id).attempt), (id, 1));
    assert_eq!(one.lapse(at(1000), None).unwrap(), 1);
    assert!(two.fail(&lease, at(1001), &broken()).is_err());
}

#[test]
fn a_new_file_may_be_opened_by_many_at_once() {
    for _ in 0..5 {
        let folder = Folder::new();
        let barrier = Barrier::new(8);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    barrier.wait();
                    submitted(&folder.queue(), 1);
                });
            }
        });
        assert_eq!(folder.queue().depth().unwrap().queued, 8);
    }
}
