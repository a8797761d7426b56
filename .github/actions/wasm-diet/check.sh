#!/usr/bin/env bash
# Compares files with a size budget, and puts the table into the job's summary. Exit code 1 if a file is not within it.
#
#   PROGRAM  the path of wasm-diet
#   BUDGET   the budget
#   FILES    the files, one a line; patterns are permitted
set -euo pipefail

found=()
while IFS= read -r pattern; do
  # Spaces around a line are no part of it.
  pattern="${pattern#"${pattern%%[![:space:]]*}"}"
  pattern="${pattern%"${pattern##*[![:space:]]}"}"
  if [[ -z $pattern ]]; then continue; fi
  before=${#found[@]}
  while IFS= read -r file; do
    if [[ -n $file ]]; then found+=("$file"); fi
  done < <(compgen -G "$pattern" || true)
  if [[ ${#found[@]} -eq $before ]]; then
    echo "::error::no file matches \`$pattern\`"
    exit 1
  fi
done <<< "$FILES"
if [[ ${#found[@]} -eq 0 ]]; then
  echo "::error::\`files\` names no file"
  exit 1
fi

markdown="$RUNNER_TEMP/wasm-diet.md"
within=true
"$PROGRAM" check --markdown --budget "$BUDGET" -- "${found[@]}" > "$markdown" || within=false
cat "$markdown" >> "$GITHUB_STEP_SUMMARY"
{
  echo "within=$within"
  echo "markdown=$markdown"
} >> "$GITHUB_OUTPUT"
if [[ $within == false ]]; then
  echo "::error::a file is not within \`$BUDGET\`"
  exit 1
fi
