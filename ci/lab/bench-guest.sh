# SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
# What a guest of `cargo xtask bench guest` does: what dom0 writes to its console (bench.sh).
stty -echo
echo 'bench ready'
while read -r words; do
    [ "$words" != end ] || break
    # shellcheck disable=SC2086
    lab-guest bench $words || echo 'bench failed'
    echo 'bench done'
done
