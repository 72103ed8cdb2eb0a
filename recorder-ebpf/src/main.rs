//! The kernel programs: they see every process of a watched container, count, and keep the totals until user space has them.
//!
//! One hook, one file. What the programs and the agent exchange is stated in `bc-abi`; where the running kernel keeps its fields, in
//! [`layout`]. Only typed loads are used on paths that recording depends on, so that lockdown changes nothing.
#![no_std]
#![no_main]
#![allow(internal_features)]
#![feature(asm_experimental_arch, core_intrinsics)]

mod account;
mod cgroup_attach;
mod cgroup_mkdir;
mod cgroup_rmdir;
mod core_time;
mod entry;
mod event;
mod kernel_function;
mod kernel_string;
mod layout;
mod maps;
mod process_exec;
mod process_exit;
mod process_fork;
mod sweep;
mod switch;
mod task;
mod task_move;
mod walk;
mod watch;
mod words;

#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    loop {}
}

#[unsafe(link_section = "license")]
#[unsafe(no_mangle)]
static LICENSE: [u8; 13] = *b"Dual MIT/GPL\0";
