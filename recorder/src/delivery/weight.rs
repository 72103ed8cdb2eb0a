//! How much a batch holds, as the bounds of the line count it.

use bc_schema::{Batch, ProcessExec};

/// How many bytes of an exec count as one fact.
const FACT_BYTES: usize = 1 << 10;
/// What a word takes besides its bytes: its place in the list, and its own piece of memory.
const WORD_BYTES: usize = size_of::<String>() + 32;

/// Starts, execs and ends of processes: what is never given up once it is in line.
pub(super) fn facts(batch: &Batch) -> usize {
    batch.starts.len() + batch.execs.iter().map(exec).sum::<usize>() + batch.ends.len()
}

/// As how many facts an exec counts: one, unless its arguments are many or long.
pub(super) fn exec(exec: &ProcessExec) -> usize {
    let args = exec.args.iter().flatten();
    let bytes: usize = args.map(|arg| arg.len() + WORD_BYTES).sum();
    1 + bytes / FACT_BYTES
}

/// Samples.
pub(super) fn samples(batches: &[Batch]) -> usize {
    batches.iter().map(|batch| batch.samples.len()).sum()
}

#[cfg(test)]
mod tests {
    use bc_schema::ProcessId;

    use super::*;

    #[test]
    fn an_exec_of_two_thousand_words_counts_for_more_than_a_hundred() {
        let with = |args: Option<Vec<String>>| ProcessExec {
            process: ProcessId([0; 16]),
            at_ns: 0,
            name: "x".into(),
            exe: None,
            args,
            args_cut: false,
            inherited: false,
        };
        let (none, short) = (with(None), with(Some(vec!["ls".into(), "-l".into()])));
        let many = with(Some(vec!["w".into(); 2_048]));
        assert_eq!((exec(&none), exec(&short)), (1, 1));
        assert!(exec(&many) > 100, "{}", exec(&many));
        let batch = Batch {
            execs: vec![short, many.clone()],
            ..Batch::default()
        };
        assert_eq!(facts(&batch), 1 + exec(&many));
    }
}
