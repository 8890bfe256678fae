#include "apps/cli/manual.hpp"

#include <algorithm>
#include <memory>

namespace lockstep::cli {

namespace {

std::vector<const CLI::App*> shown_commands(const CLI::App& of) {
  return of.get_subcommands(
    [](const CLI::App* one) { return !one->get_group().empty(); });
}

std::vector<const CLI::Option*> shown_options(const CLI::App& of,
                                              bool positional) {
  // Every command has --help; it is said once.
  const auto* help = of.get_parent() == nullptr ? nullptr : of.get_help_ptr();
  return of.get_options([positional, help](const CLI::Option* one) {
    return one->get_positional() == positional && !one->get_group().empty()
           && one != help;
  });
}

/// Text as roff takes it: no line is a request, no backslash an escape.
std::string roff(const std::string& text) {
  std::string safe;
  bool begins = true;
  for (const char c : text) {
    if (c == '\\')
      safe += "\\e";
    else if (c == '-')
      safe += "\\-";
    else if (begins && (c == '.' || c == '\''))
      safe += std::string{"\\&"} + c;
    else
      safe += c;
    begins = c == '\n';
  }
  return safe;
}

/// "FILE" of "FILE:{a,b}", which also says what fits.
std::string type_of(const CLI::Option& one) {
  const auto type = one.get_type_name();
  return type.substr(0, type.find(':'));
}

std::string option_names(const CLI::Option& one) {
  std::string names;
  for (const auto& name : one.get_snames())
    names += (names.empty() ? "-" : ", -") + name;
  for (const auto& name : one.get_lnames())
    names += (names.empty() ? "--" : ", --") + name;
  return names;
}

std::string sentence(const std::string& text) {
  return text.ends_with('.') ? text : text + ".";
}

std::string options_of(const CLI::App& of) {
  std::string text;
  for (const bool positional : {true, false})
    for (const auto* one : shown_options(of, positional)) {
      text += ".TP\n";
      if (positional)
        text += ".I " + roff(type_of(*one)) + "\n";
      else
        text
          += ".B " + roff(option_names(*one))
             + (type_of(*one).empty() ? ""
                                      : " \\fI" + roff(type_of(*one)) + "\\fR")
             + "\n";
      text += roff(one->get_description());
      if (const auto usual = one->get_default_str(); !usual.empty())
        text += " [" + roff(usual) + "]";
      text += "\n";
    }
  return text;
}

std::string usage_of(const std::string& name, const CLI::App& of) {
  auto text = ".B " + roff(name) + "\n";
  for (const auto* one : shown_options(of, true)) {
    const auto what = type_of(*one) + (one->get_expected_max() > 1 ? "…" : "");
    text += ".I " + roff(one->get_required() ? what : "[" + what + "]") + "\n";
  }
  return text;
}

void describe(std::string& text, const std::string& before,
              const CLI::App& of) {
  const auto name
    = before.empty() ? of.get_name() : before + " " + of.get_name();
  const auto below = shown_commands(of);
  if (below.empty())
    text += ".SS\n" + usage_of(name, of) + ".PP\n"
            + roff(sentence(of.get_description())) + "\n" + options_of(of)
            + ".PP\n" + roff(of.get_footer()) + "\n";
  for (const auto* one : below)
    describe(text, name, *one);
}

std::string manual_of(const CLI::App& program) {
  std::string text = ".TH LOCKSTEP 1 \"\" \"lockstep " LOCKSTEP_VERSION
                     "\" \"User Commands\"\n.SH NAME\nlockstep \\- "
                     "keep SQLite libraries in step across devices\n"
                     ".SH SYNOPSIS\n.B lockstep\n[\\fIOPTION\\fR]… "
                     "\\fICOMMAND\\fR …\n.SH DESCRIPTION\n";
  text += roff(program.get_description())
          + "\nA LIBRARY is an id, an unambiguous start of an id, or a name."
            " Durations are written 200ms, 30s, 10m, 30d.\nWhile\n.B lockstep"
            " serve\nruns on a data directory, the other commands work through"
            " it; otherwise they open the directory themselves.\n"
            ".SH OPTIONS\n"
          + options_of(program) + ".SH COMMANDS\n";
  for (const auto* one : shown_commands(program))
    describe(text, "", *one);
  text += ".SH EXIT STATUS\n" + roff(program.get_footer())
          + "\n.SH ENVIRONMENT\n.TP\n.B LOCKSTEP_DATA\nThe data directory,"
            " where \\-\\-data does not say it.\n.SH FILES\n.TP\n.I"
            " ~/.local/share/lockstep\nThe usual data directory.\n.TP\n.I"
            " lockstep.ini\nIn the data directory: settings, a [concern] with"
            " lines of field = value.\n";
  return text;
}

/// What can follow a command: its own commands and all options.
std::string words_after(const CLI::App& of, const CLI::App& program) {
  std::string words;
  auto add = [&](const std::string& word) {
    words += (words.empty() ? "" : " ") + word;
  };
  for (const auto* one : shown_commands(of))
    add(one->get_name());
  for (const auto* from : {&of, &program})
    for (const auto* one : shown_options(*from, false))
      for (const auto& name : one->get_lnames())
        if (from == &of || &of != &program)
          add("--" + name);
  return words;
}

std::string bash_completion(const CLI::App& program) {
  std::string cases;
  std::string names;
  auto add_case = [&](const std::string& name, const CLI::App& of) {
    cases
      += "    '" + name + "') words='" + words_after(of, program) + "' ;;\n";
  };
  add_case("", program);
  for (const auto* one : shown_commands(program)) {
    add_case(one->get_name(), *one);
    names += " " + one->get_name();
    for (const auto* below : shown_commands(*one)) {
      add_case(one->get_name() + " " + below->get_name(), *below);
      names += " " + below->get_name();
    }
  }
  return "# lockstep completion bash > ~/.local/share/bash-completion/"
         "completions/lockstep\n"
         "_lockstep() {\n"
         "  local current=${COMP_WORDS[COMP_CWORD]} command='' words='' word\n"
         "  for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
         "    case \" "
         + names
         + " \" in\n"
           "    *\" $word \"*) command=${command:+$command }$word ;;\n"
           "    esac\n"
           "  done\n"
           "  case $command in\n"
         + cases
         + "  esac\n"
           "  mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$current\")\n"
           "}\n"
           "complete -o default -F _lockstep lockstep\n";
}

std::string zsh_completion(const CLI::App& program) {
  return "#compdef lockstep\n"
         "# lockstep completion zsh > a folder of $fpath/_lockstep\n"
         "autoload -U +X bashcompinit && bashcompinit\n"
         + bash_completion(program);
}

std::string fish_text(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  std::string quoted = "'";
  for (const char c : text)
    quoted += (c == '\'' || c == '\\') ? std::string{'\\', c} : std::string{c};
  return quoted + "'";
}

void add_fish_options(std::string& text, const std::string& when,
                      const CLI::App& of) {
  for (const auto* one : shown_options(of, false))
    for (const auto& name : one->get_lnames())
      text += "complete -c lockstep" + when + " -l " + name
              + (type_of(*one).empty() ? "" : " -r") + " -d "
              + fish_text(one->get_description()) + "\n";
}

std::string fish_completion(const CLI::App& program) {
  std::string text = "# lockstep completion fish > ~/.config/fish/completions/"
                     "lockstep.fish\n";
  add_fish_options(text, "", program);
  for (const auto* one : shown_commands(program)) {
    text += "complete -c lockstep -n __fish_use_subcommand -a "
            + one->get_name() + " -d " + fish_text(one->get_description())
            + "\n";
    const auto when
      = " -n '__fish_seen_subcommand_from " + one->get_name() + "'";
    add_fish_options(text, when, *one);
    for (const auto* below : shown_commands(*one))
      text += "complete -c lockstep" + when + " -a " + below->get_name()
              + " -d " + fish_text(below->get_description()) + "\n";
  }
  return text;
}

std::string completion_of(const CLI::App& program, const std::string& shell) {
  return shell == "bash"  ? bash_completion(program)
         : shell == "zsh" ? zsh_completion(program)
                          : fish_completion(program);
}

expected<void> show(const options& given, const std::string& text) {
  given.out().answer({{"text", text}}, text);
  return {};
}

} // namespace

void add_manual(commands& all) {
  all.add_here("man", "The manual page; lockstep man | man -l - shows it",
               "lockstep man > ~/.local/share/man/man1/lockstep.1",
               [&all](const options& given) {
                 return show(given, manual_of(all.tree()));
               });
  auto shell = std::make_shared<std::string>();
  all
    .add_here("completion",
              "What a shell needs to complete commands and options",
              "lockstep completion bash >"
              " ~/.local/share/bash-completion/completions/lockstep",
              [&all, shell](const options& given) {
                return show(given, completion_of(all.tree(), *shell));
              })
    .add_option("shell", *shell, "bash, zsh or fish")
    ->type_name("SHELL")
    ->check(CLI::IsMember({"bash", "zsh", "fish"}))
    ->required();
}

} // namespace lockstep::cli
