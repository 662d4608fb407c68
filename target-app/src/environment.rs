//! Flags that have a variable of the environment.

use clap::Command;

/// Takes variables that are set to nothing as not set, as CI has them where they are not defined.
pub fn without_empty(command: Command) -> Command {
    let command = command.mut_args(|arg| {
        let empty = arg
            .get_env()
            .is_some_and(|name| std::env::var_os(name).is_some_and(|value| value.is_empty()));
        if empty { arg.env(None::<&str>) } else { arg }
    });
    command.mut_subcommands(without_empty)
}
