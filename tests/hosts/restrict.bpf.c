// Emulates what Ubuntu 24.04 does to user namespaces of unconfined programs: one can be made, but
// nothing in it has a capability, and mounts are refused with EACCES as its AppArmor does.
// What a call asks for beside the new user namespace is still decided by the caller's old rights.
// Namespaces that root made are let alone.
#include <linux/errno.h>
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>

#define KERNEL __attribute__((preserve_access_index))
typedef struct { unsigned val; } KERNEL kuid_t;
struct user_namespace { int level; kuid_t owner; } KERNEL;
struct cred { struct user_namespace *user_ns; } KERNEL;
struct task_struct { const struct cred *cred; } KERNEL;

char terms[] SEC("license") = "GPL";

static int is_restricted(const struct cred *cred)
{
    return BPF_CORE_READ(cred, user_ns, level) > 0 && BPF_CORE_READ(cred, user_ns, owner.val) != 0;
}

static int current_is_restricted(void)
{
    struct task_struct *task = (struct task_struct *)bpf_get_current_task();
    return is_restricted(BPF_CORE_READ(task, cred));
}

SEC("lsm/capable")
int BPF_PROG(capable, const struct cred *cred)
{
    return is_restricted(cred) ? -EPERM : 0;
}

SEC("lsm/sb_mount")
int BPF_PROG(sb_mount)
{
    return current_is_restricted() ? -EACCES : 0;
}

SEC("lsm/sb_pivotroot")
int BPF_PROG(sb_pivotroot)
{
    return current_is_restricted() ? -EACCES : 0;
}
