#!/bin/sh
# rust.sh TOOLCHAIN: this toolchain of Rust, for this step's successors too.
set -eu
command -v rustup >/dev/null || curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh -s -- -y --no-modify-path --default-toolchain none
PATH="$HOME/.cargo/bin:$PATH"
rustup toolchain install "$1" --profile minimal --component clippy,rustfmt
echo "RUSTUP_TOOLCHAIN=$1" >>"$GITHUB_ENV"
echo "$HOME/.cargo/bin" >>"$GITHUB_PATH"
