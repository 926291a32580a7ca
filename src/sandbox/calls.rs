//! Which system calls a snippet may make.
//!
//! Two filters share the work. The large one, [`Floor::base`], is installed once in the fork server,
//! which still needs a few calls of its own to confine a snippet; the small one, [`Floor::last`], is each
//! snippet's last step and takes those few away. Where two filters disagree the kernel takes the
//! stricter (`seccomp(2)`).
//!
//! What is listed nowhere fails with `ENOSYS`, as on a kernel that never heard of it, so that
//! programs fall back; what is known and refused fails with `EPERM`.

use std::collections::BTreeMap;

use super::seccomp::{Check, OWN_PID, Policy, Rule, Verdict};

/// What stands under the filters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Floor {
    /// Whether the snippet has network, IPC and process namespaces of its own.
    pub(super) has_namespaces: bool,
    /// Whether it has mounts of its own.
    pub(super) has_mounts: bool,
    /// Whether it is a user of the machine that owns files outside.
    pub(super) shares_user: bool,
    /// Whether every path that it sees leads to a socket of its own, or to none.
    pub(super) has_paths: bool,
}

#[cfg(target_arch = "x86_64")]
const ARCHITECTURE: u32 = 0xc000_003e; // AUDIT_ARCH_X86_64
#[cfg(target_arch = "aarch64")]
const ARCHITECTURE: u32 = 0xc000_00b7; // AUDIT_ARCH_AARCH64

const REFUSED: Verdict = Verdict::Errno(libc::EPERM as u16);
const UNKNOWN: Verdict = Verdict::Errno(libc::ENOSYS as u16);

macro_rules! numbers {
    ($($name:ident)*) => { &[$(libc::$name),*] };
}

/// Files, memory, threads, signals, clocks: what programs are made of.
#[rustfmt::skip]
const ALLOWED: &[i64] = numbers!(
    SYS_brk SYS_capget SYS_chdir SYS_clock_getres SYS_clock_gettime SYS_clock_nanosleep SYS_close
    SYS_close_range SYS_copy_file_range SYS_dup SYS_dup3 SYS_epoll_create1 SYS_epoll_ctl
    SYS_epoll_pwait SYS_epoll_pwait2 SYS_eventfd2 SYS_execve SYS_exit SYS_exit_group
    SYS_faccessat SYS_faccessat2 SYS_fadvise64 SYS_fallocate SYS_fchdir SYS_fdatasync
    SYS_fgetxattr SYS_flistxattr SYS_flock SYS_fstat SYS_fstatfs SYS_fsync SYS_ftruncate SYS_futex
    SYS_futex_waitv SYS_get_mempolicy SYS_get_robust_list SYS_getcpu SYS_getcwd SYS_getdents64
    SYS_getegid SYS_geteuid SYS_getgid SYS_getgroups SYS_getitimer SYS_getpeername SYS_getpgid
    SYS_getpid SYS_getppid SYS_getpriority SYS_getrandom SYS_getresgid SYS_getresuid SYS_getrusage
    SYS_getsid SYS_getsockname SYS_getsockopt SYS_gettid SYS_gettimeofday SYS_getuid SYS_getxattr
    SYS_ioprio_get SYS_lgetxattr SYS_linkat SYS_listxattr SYS_llistxattr SYS_lseek SYS_madvise
    SYS_membarrier SYS_mincore SYS_mkdirat SYS_mknodat SYS_mlock SYS_mlock2
    SYS_mlockall SYS_mmap SYS_mprotect SYS_mremap SYS_mseal SYS_msync SYS_munlock SYS_munlockall
    SYS_munmap SYS_nanosleep SYS_newfstatat SYS_openat SYS_openat2 SYS_pidfd_open
    SYS_pidfd_send_signal SYS_pipe2 SYS_ppoll SYS_pread64 SYS_preadv SYS_preadv2 SYS_pselect6
    SYS_pwrite64 SYS_pwritev SYS_pwritev2 SYS_read SYS_readahead SYS_readlinkat SYS_readv
    SYS_recvfrom SYS_recvmmsg SYS_recvmsg SYS_renameat2 SYS_restart_syscall SYS_rseq
    SYS_rt_sigaction SYS_rt_sigpending SYS_rt_sigprocmask SYS_rt_sigreturn SYS_rt_sigsuspend
    SYS_rt_sigtimedwait SYS_sched_get_priority_max SYS_sched_get_priority_min
    SYS_sched_getaffinity SYS_sched_getattr SYS_sched_getparam SYS_sched_getscheduler
    SYS_sched_rr_get_interval SYS_sched_yield SYS_sendfile SYS_sendmmsg SYS_sendmsg SYS_sendto
    SYS_set_robust_list SYS_set_tid_address SYS_setitimer SYS_setpgid SYS_setsid SYS_setsockopt
    SYS_shutdown SYS_sigaltstack SYS_signalfd4 SYS_splice SYS_statfs SYS_statx SYS_symlinkat
    SYS_sysinfo SYS_tee SYS_timer_create SYS_timer_delete
    SYS_timer_getoverrun SYS_timer_gettime SYS_timer_settime SYS_timerfd_create
    SYS_timerfd_gettime SYS_timerfd_settime SYS_times SYS_truncate SYS_umask SYS_uname
    SYS_unlinkat SYS_wait4 SYS_waitid SYS_write SYS_writev
);

/// The same by older numbers, which newer architectures do without.
#[cfg(target_arch = "x86_64")]
#[rustfmt::skip]
const ALLOWED_OLD: &[i64] = numbers!(
    SYS_access SYS_alarm SYS_arch_prctl SYS_creat SYS_dup2 SYS_epoll_create SYS_epoll_wait
    SYS_eventfd SYS_fork SYS_getdents SYS_getpgrp SYS_getrlimit SYS_link SYS_lstat SYS_mkdir
    SYS_mknod SYS_open SYS_pause SYS_pipe SYS_poll SYS_readlink SYS_rename SYS_renameat SYS_rmdir
    SYS_select SYS_setrlimit SYS_signalfd SYS_stat SYS_symlink SYS_sync_file_range SYS_time
    SYS_unlink SYS_vfork
);
#[cfg(target_arch = "aarch64")]
const ALLOWED_OLD: &[i64] = &[
    38, /* renameat */
    84, /* sync_file_range */
    163, 164, /* rlimits */
];

/// Calls about the file's owner, mode, times and attributes. Landlock does not cover them, so they
/// are refused where the snippet's user owns files outside (`landlock(7)`, limitations).
#[rustfmt::skip]
const ATTRIBUTES: &[i64] = numbers!(
    SYS_fchmod SYS_fchmodat SYS_fchown SYS_fchownat SYS_fremovexattr SYS_fsetxattr
    SYS_lremovexattr SYS_lsetxattr SYS_removexattr SYS_setxattr SYS_utimensat
);
#[cfg(target_arch = "x86_64")]
#[rustfmt::skip]
const ATTRIBUTES_OLD: &[i64] = numbers!(
    SYS_chmod SYS_chown SYS_fchmodat2 SYS_futimesat SYS_lchown SYS_utime SYS_utimes
);
#[cfg(target_arch = "aarch64")]
const ATTRIBUTES_OLD: &[i64] = &[452 /* fchmodat2 */];

/// Objects that only an IPC namespace keeps apart.
#[rustfmt::skip]
const IPC: &[i64] = numbers!(
    SYS_mq_getsetattr SYS_mq_notify SYS_mq_open SYS_mq_timedreceive SYS_mq_timedsend SYS_mq_unlink
    SYS_msgctl SYS_msgget SYS_msgrcv SYS_msgsnd
);

/// Calls that give a socket a name or a peer.
const MEETING: &[i64] = numbers!(SYS_accept SYS_accept4 SYS_bind SYS_connect SYS_listen);

/// Calls that reach another process by its id, which stands in the first argument; 0 is the caller.
#[rustfmt::skip]
const BY_ID: &[i64] = numbers!(
    SYS_kill SYS_prlimit64 SYS_rt_sigqueueinfo SYS_rt_tgsigqueueinfo SYS_sched_setaffinity
    SYS_sched_setattr SYS_sched_setparam SYS_sched_setscheduler SYS_tgkill
);

/// Calls known and refused: other processes' memory, mounts, modules, clocks, keys, kernel
/// machinery with a history of holes, channels between snippets that no namespace closes, and
/// memory that no limit of a process counts.
#[rustfmt::skip]
const DENIED: &[i64] = numbers!(
    SYS_acct SYS_add_key SYS_adjtimex SYS_bpf SYS_chroot SYS_clock_adjtime SYS_clock_settime
    SYS_delete_module SYS_execveat SYS_fanotify_init SYS_fanotify_mark SYS_finit_module
    SYS_fsconfig SYS_fsmount SYS_fsopen SYS_fspick SYS_init_module SYS_inotify_add_watch
    SYS_inotify_init1 SYS_inotify_rm_watch SYS_io_uring_enter SYS_io_uring_register
    SYS_io_uring_setup SYS_ioprio_set SYS_kcmp SYS_kexec_file_load SYS_kexec_load SYS_keyctl
    SYS_lookup_dcookie SYS_mbind SYS_memfd_create SYS_memfd_secret SYS_migrate_pages SYS_mount SYS_mount_setattr
    SYS_move_mount SYS_move_pages SYS_name_to_handle_at SYS_nfsservctl SYS_open_by_handle_at
    SYS_open_tree SYS_perf_event_open SYS_pidfd_getfd SYS_pivot_root SYS_process_madvise
    SYS_process_mrelease SYS_process_vm_readv SYS_process_vm_writev SYS_ptrace SYS_quotactl
    SYS_quotactl_fd SYS_reboot SYS_remap_file_pages SYS_request_key SYS_semctl SYS_semget SYS_semop SYS_semtimedop SYS_set_mempolicy
    SYS_set_mempolicy_home_node SYS_setdomainname SYS_sethostname SYS_settimeofday SYS_shmat SYS_shmctl SYS_shmdt SYS_shmget SYS_swapoff
    SYS_swapon SYS_sync SYS_syncfs SYS_syslog SYS_umount2 SYS_userfaultfd SYS_vhangup SYS_vmsplice
);
#[cfg(target_arch = "x86_64")]
#[rustfmt::skip]
const DENIED_OLD: &[i64] = numbers!(
    SYS_inotify_init SYS_ioperm SYS_iopl SYS_modify_ldt SYS_sysfs SYS_uselib SYS_ustat
);
#[cfg(target_arch = "aarch64")]
const DENIED_OLD: &[i64] = &[];

/// Calls that confine a snippet, for the fork server alone.
#[rustfmt::skip]
const CONFINING: &[i64] = numbers!(
    SYS_capset SYS_landlock_add_rule SYS_landlock_create_ruleset SYS_landlock_restrict_self
    SYS_seccomp SYS_setfsgid SYS_setfsuid SYS_setgid SYS_setgroups SYS_setns SYS_setregid
    SYS_setresgid SYS_setresuid SYS_setreuid SYS_setuid SYS_unshare
);

const NAMESPACES: u32 = (libc::CLONE_NEWNS
    | libc::CLONE_NEWCGROUP
    | libc::CLONE_NEWUTS
    | libc::CLONE_NEWIPC
    | libc::CLONE_NEWUSER
    | libc::CLONE_NEWPID
    | libc::CLONE_NEWNET) as u32;

/// Terminal requests that type for the user, and file flags.
const IOCTLS_DENIED: [u32; 3] = [
    0x5412,      // TIOCSTI
    0x541c,      // TIOCLINUX
    0x4008_6602, // FS_IOC_SETFLAGS
];

/// `fcntl` requests by which one process hears what another does to a shared file.
const FCNTLS_DENIED: [u32; 2] = [1024 /* F_SETLEASE */, 1026 /* F_NOTIFY */];

/// Options of `prctl` that a snippet may use.
const PRCTLS: [i32; 17] = [
    libc::PR_GET_PDEATHSIG,
    libc::PR_GET_DUMPABLE,
    libc::PR_SET_DUMPABLE,
    libc::PR_SET_NAME,
    libc::PR_GET_NAME,
    libc::PR_GET_TIMERSLACK,
    libc::PR_SET_TIMERSLACK,
    libc::PR_CAPBSET_READ,
    libc::PR_GET_SECCOMP,
    libc::PR_GET_SECUREBITS,
    libc::PR_GET_NO_NEW_PRIVS,
    libc::PR_SET_NO_NEW_PRIVS,
    libc::PR_GET_CHILD_SUBREAPER,
    libc::PR_SET_CHILD_SUBREAPER,
    libc::PR_GET_THP_DISABLE,
    libc::PR_SET_THP_DISABLE,
    0x5356_4d41, // PR_SET_VMA, by which allocators name their memory
];

/// Socket families that mean something inside a snippet's own network.
const FAMILIES: [i32; 3] = [libc::AF_UNIX, libc::AF_INET, libc::AF_INET6];

fn when(argument: u32, mask: u32, values: &[u32], then: Verdict, or: Verdict) -> Rule {
    let check = Check {
        argument,
        mask,
        values: values.to_vec(),
    };
    Rule::If {
        checks: vec![check],
        then,
        or,
    }
}

/// A datagram socket reaches any socket whose path it knows, a pair of streams only itself.
fn stream_pairs() -> Rule {
    Rule::If {
        checks: vec![
            Check {
                argument: 0,
                mask: u32::MAX,
                values: vec![libc::AF_UNIX as u32],
            },
            Check {
                argument: 1,
                mask: 0xf,
                values: vec![libc::SOCK_STREAM as u32],
            },
        ],
        then: Verdict::Allow,
        or: REFUSED,
    }
}

#[derive(Debug, Default)]
struct Rules(BTreeMap<u32, Rule>);

impl Rules {
    fn all(&mut self, calls: &[i64], rule: &Rule) {
        for &call in calls {
            self.0.insert(call as u32, rule.clone());
        }
    }

    fn policy(self, other: Verdict) -> Policy {
        Policy {
            architecture: ARCHITECTURE,
            rules: self.0,
            other,
        }
    }
}

impl Floor {
    /// What holds in the fork server and in everything that it forks.
    pub(super) fn base(&self) -> Policy {
        let allow = Rule::Always(Verdict::Allow);
        let refuse = Rule::Always(REFUSED);
        let mut rules = Rules::default();
        for calls in [
            ALLOWED,
            ALLOWED_OLD,
            ATTRIBUTES,
            ATTRIBUTES_OLD,
            BY_ID,
            CONFINING,
            MEETING,
        ] {
            rules.all(calls, &allow);
        }
        rules.all(numbers!(SYS_prctl SYS_setpriority SYS_tkill), &allow);
        rules.all(
            IPC,
            if self.has_namespaces && self.has_mounts {
                &allow
            } else {
                &refuse
            },
        );
        rules.all(DENIED, &refuse);
        rules.all(DENIED_OLD, &refuse);
        // Its flags lie in memory, out of a filter's sight; the C library falls back to clone.
        rules.all(numbers!(SYS_clone3), &Rule::Always(UNKNOWN));
        let no_namespaces = when(0, NAMESPACES, &[0], Verdict::Allow, REFUSED);
        rules.all(numbers!(SYS_clone), &no_namespaces);
        let ioctl = when(1, u32::MAX, &IOCTLS_DENIED, REFUSED, Verdict::Allow);
        rules.all(numbers!(SYS_ioctl), &ioctl);
        let fcntl = when(1, u32::MAX, &FCNTLS_DENIED, REFUSED, Verdict::Allow);
        rules.all(numbers!(SYS_fcntl), &fcntl);
        // Asking, and the personality that every program has.
        let personality = when(0, u32::MAX, &[0, u32::MAX], Verdict::Allow, REFUSED);
        rules.all(numbers!(SYS_personality), &personality);
        self.sockets(&mut rules);
        rules.policy(UNKNOWN)
    }

    fn sockets(&self, rules: &mut Rules) {
        let no_family = Verdict::Errno(libc::EAFNOSUPPORT as u16);
        let families = FAMILIES.map(|family| family as u32);
        let socket = when(0, u32::MAX, &families, Verdict::Allow, no_family);
        rules.all(numbers!(SYS_socket SYS_socketpair), &socket);
        if self.has_mounts {
            return;
        }
        rules.all(numbers!(SYS_socketpair), &stream_pairs());
    }

    /// What each snippet installs last; everything not named here stays as [`Floor::base`] has it.
    pub(super) fn last(&self) -> Policy {
        let refuse = Rule::Always(REFUSED);
        let mut rules = Rules::default();
        rules.all(CONFINING, &refuse);
        let options = PRCTLS.map(|option| option as u32);
        rules.all(
            numbers!(SYS_prctl),
            &when(0, u32::MAX, &options, Verdict::Allow, REFUSED),
        );
        if !self.has_paths {
            // Not in the large filter: the fork server itself talks to its keeper by sockets that
            // it has, and opens none.
            self.without_network(&mut rules);
        }
        if self.has_mounts && !self.has_paths {
            rules.all(numbers!(SYS_socketpair), &stream_pairs());
        }
        if !self.has_mounts && self.shares_user {
            rules.all(ATTRIBUTES, &refuse);
            rules.all(ATTRIBUTES_OLD, &refuse);
        }
        if !self.has_namespaces {
            self.alone(&mut rules);
        }
        rules.policy(Verdict::Allow)
    }

    /// With namespaces a socket may be of the empty network, without paths of its own not of those.
    fn without_network(&self, rules: &mut Rules) {
        let inet = [libc::AF_INET as u32, libc::AF_INET6 as u32];
        // What an empty network would say, only earlier.
        let unreachable = Verdict::Errno(libc::ENETUNREACH as u16);
        let then = match self.has_namespaces {
            true => Verdict::Allow,
            false => unreachable,
        };
        let socket = when(0, u32::MAX, &inet, then, REFUSED);
        rules.all(numbers!(SYS_socket), &socket);
        if !self.has_namespaces {
            rules.all(MEETING, &Rule::Always(REFUSED));
        }
    }

    /// One process, threads aside, that reaches no other: to kill it is to kill all of it.
    fn alone(&self, rules: &mut Rules) {
        let refuse = Rule::Always(REFUSED);
        let thread = libc::CLONE_THREAD as u32;
        // As the kernel says that there are too many processes: one is too many here.
        let too_many = Verdict::Errno(libc::EAGAIN as u16);
        let threads = when(0, thread, &[thread], Verdict::Allow, too_many);
        rules.all(numbers!(SYS_clone), &threads);
        #[cfg(target_arch = "x86_64")]
        rules.all(numbers!(SYS_fork SYS_vfork), &Rule::Always(too_many));
        let own = when(0, u32::MAX, &[0, OWN_PID], Verdict::Allow, REFUSED);
        rules.all(BY_ID, &own);
        // These reach others by thread, group or user.
        rules.all(
            numbers!(SYS_pidfd_open SYS_pidfd_send_signal SYS_setpriority SYS_tkill),
            &refuse,
        );
    }
}
