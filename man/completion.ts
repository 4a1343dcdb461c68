/**
 * The completion of greyctl and greyd in bash, made from the tables of options and commands. The package
 * bash-completion loads it by the name of the program, and is not needed for anything else.
 *
 * In the script each program and command has a line of options, as `--help --delay= --dbdir=FILE
 * --format=text,json`: without `=` no value is taken, `FILE` is one by its name, others are those there are.
 */

import { completionsOf } from '../src/ctl/arguments.ts';
import { allCommands } from '../src/ctl/commands/table.ts';
import { type OptionEntry, partsOf } from '../src/options/command-line.ts';
import { OPTION_TABLE } from '../src/options/table.ts';

const COMMANDS = await allCommands();

export const COMPLETION_PATH = 'etc/bash-completion/greyctl';

/** Values that are names of files. */
const FILE_NAMES = ['FILE', 'PATH'];

export function makeCompletion(): string {
  const commands = [...COMMANDS].map(([name, { program }]) =>
    line(`'greyctl '*' ${name}'`, program.options, completionsOf(program.arguments)),
  );
  const lines = [line("'greyd '*", OPTION_TABLE, []), ...commands];
  return SCRIPT.replaceAll('@{', '${')
    .replace('@COMMANDS@', [...COMMANDS.keys(), '--help', '--version'].join(' '))
    .replace('@LINES@', lines.join('\n'));
}

function line(pattern: string, options: readonly OptionEntry[], words: readonly string[] = ['FILE']): string {
  return `    ${pattern}) known='${[...options.map(optionWord), ...words].join(' ')}' ;;`;
}

function optionWord({ flags, parse }: OptionEntry): string {
  const { long, value, isValueOptional } = partsOf(flags);
  if (value === '' || isValueOptional) return long;
  return `${long}=${FILE_NAMES.includes(value) ? 'FILE' : (parse?.values ?? []).join()}`;
}

/** The lines come in place of `@LINES@`; `@{` is `${`, which would be TypeScript's. */
const SCRIPT = String.raw`# Completion of greyctl and greyd in bash. Made by "npm run docs": change man/completion.ts, and not this.

_greyctl() {
  local IFS=$' \t\n' known
  case "@{1##*/} $COMP_CWORD @{COMP_WORDS[1]}" in
    'greyctl 1 '*) known='@COMMANDS@' ;;
@LINES@
    *) known='' ;;
  esac

  # The option whose value stands at the cursor. "=" is a word of its own, or else the value has a prefix.
  local word=@{COMP_WORDS[COMP_CWORD]} before=@{COMP_WORDS[COMP_CWORD - 1]} option='' prefix=''
  if [[ $word == = ]]; then
    option=$before word=''
  elif [[ $before == = ]]; then
    option=@{COMP_WORDS[COMP_CWORD - 2]}
  elif [[ $word == --*=* ]]; then
    option=@{word%%=*} word=@{word#*=} prefix=$option=
  elif [[ $before == --* && " $known" == *" $before="* ]]; then
    option=$before
  fi

  local entry values='' options='' words='' choices
  for entry in $known; do
    case $entry in
      --*=*)
        [[ $entry == "$option="* ]] && values=@{entry#*=}
        options+=" @{entry%%=*}="
        ;;
      --*) options+=" $entry" ;;
      *) words+=" $entry" ;;
    esac
  done
  if [[ $option ]]; then
    choices=@{values//,/ }
  elif [[ $word == -* || -z $words ]]; then
    choices=$options
  else
    choices=$words
  fi

  if [[ $choices == *FILE ]]; then
    mapfile -t COMPREPLY < <(compgen -P "$prefix" -f -- "$word")
    compopt -o filenames 2>/dev/null
  else
    mapfile -t COMPREPLY < <(compgen -P "$prefix" -W "$choices" -- "$word")
    [[ @{COMPREPLY[*]} == *= ]] && compopt -o nospace 2>/dev/null
  fi
  return 0
}

complete -F _greyctl greyctl greyd
`;
