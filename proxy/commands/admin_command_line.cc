#include "proxy/commands/admin_command_line.h"

#include <CLI/CLI.hpp>
#include <utility>

#include "proxy/commands/admin_socket.h"
#include "proxy/config/duration.h"

namespace proxy {
namespace {

std::string not_a_duration(const std::string& text) {
  return parse_duration(text) ? std::string() : "expected a duration like 10m, got " + text;
}

[[noreturn]] void wrong(const std::string& what) { throw CLI::ValidationError(what, CLI::ExitCodes::ValidationError); }

}  // namespace

AdminCommandLine::AdminCommandLine(CLI::App& app, Ask ask) : ask_(std::move(ask)) {
  question_.config = default_config;
  command(app, "status", "Tell how the running proxy is")->callback([this] { ask_(StatusCommand{question_}); });
  add_explain(app);
  add_entries(app);
  add_run_time_list(app, "allow", "Let mail in without waiting, from now on");
  add_run_time_list(app, "block", "Refuse mail, from now on");
  add_transfer(app);
}

CLI::App* AdminCommandLine::command(CLI::App& app, const std::string& name, const std::string& description) {
  auto* command = app.add_subcommand(name, description);
  command->add_option("--config", question_.config, "Configuration file, which says where the running proxy is asked")
      ->type_name("FILE")
      ->capture_default_str();
  command->add_flag("--json", question_.json, "Print JSON");
  return command;
}

void AdminCommandLine::condition(CLI::App* command, const std::string& name, const std::string& type,
                                 const std::string& description) {
  command
      ->add_option_function<std::string>(
          "--" + name, [this, name](const std::string& value) { question_.query[name] = value; }, description)
      ->type_name(type);
}

void AdminCommandLine::entry_conditions(CLI::App* command) {
  condition(command, "client", "CIDR", "Whose last client, or network, is this address or within this network");
  condition(command, "sender", "X", "alice@example.com, @example.com, or <> for bounces");
  condition(command, "recipient", "Y", "bob@example.org or @example.org");
  condition(command, "state", "STATE", "waiting or passed");
  command->get_option("--state")->check(CLI::IsMember({"waiting", "passed"}));
}

void AdminCommandLine::add_explain(CLI::App& app) {
  auto* explain = command(app, "explain", "Tell what would be decided now and why, and what became of such mail");
  condition(explain, "client", "IP", "Address of the client");
  condition(explain, "sender", "A", "MAIL FROM; <> for bounces");
  condition(explain, "recipient", "B", "RCPT TO; alone: the latest decisions for B");
  condition(explain, "helo", "NAME", "Name given at HELO");
  auto *client = explain->get_option("--client"), *sender = explain->get_option("--sender");
  explain->get_option("--recipient")->required();
  client->needs(sender);
  sender->needs(client);
  explain->get_option("--helo")->needs(client);
  explain->callback([this] { ask_(ExplainCommand{question_}); });
}

void AdminCommandLine::add_entries(CLI::App& app) {
  auto* list = command(app, "list", "List the entries of the greylist");
  entry_conditions(list);
  list->callback([this] { ask_(ListCommand{question_}); });

  auto* forget = command(app, "forget", "Delete entries of the greylist");
  entry_conditions(forget);
  forget->add_flag_callback("--all", [this] { question_.query["all"] = ""; }, "Delete them all");
  forget->callback([this] {
    if (question_.query.empty()) wrong("which entries? Give --client, --sender, --recipient or --state, or --all");
    if (question_.query.contains("all") && question_.query.size() > 1) wrong("--all excludes the other conditions");
    ask_(ForgetCommand{question_});
  });
}

void AdminCommandLine::add_run_time_list(CLI::App& app, const std::string& name, const std::string& description) {
  using What = RunTimeCommand::What;
  auto* list = app.add_subcommand(name, description);
  list->require_subcommand(1);
  const auto conditions = [this](CLI::App* command) {
    condition(command, "client", "CIDR|NAME", "Address, network, confirmed reverse name or .domain of names");
    condition(command, "sender", "X", "alice@example.com or @example.com");
    condition(command, "recipient", "Y", "bob@example.org, @example.org or bob@");
  };
  const auto ask_with_conditions = [this, name](What what) {
    const auto& query = question_.query;
    if (!query.contains("client") && !query.contains("sender") && !query.contains("recipient"))
      wrong("which mail? Give --client, --sender or --recipient; all that is given must match");
    ask_(RunTimeCommand{what, name, question_});
  };
  auto* add = command(*list, "add", "Add an entry: all conditions that are given must match");
  conditions(add);
  condition(add, "for", "10m", "How long it holds; without: until it is removed");
  add->get_option("--for")->check(not_a_duration);
  condition(add, "note", "TEXT", "What for, for whoever lists the entries");
  add->callback([=] { ask_with_conditions(What::add); });
  auto* remove = command(*list, "remove", "Remove the entry that has just these conditions");
  conditions(remove);
  remove->callback([=] { ask_with_conditions(What::remove); });
  command(*list, "list", "List the entries")->callback([this, name] {
    ask_(RunTimeCommand{What::list, name, question_});
  });
}

void AdminCommandLine::add_transfer(CLI::App& app) {
  auto* exporting = command(app, "export", "Print the greylist as JSON Lines");
  exporting->add_flag_callback(
      "--all", [this] { question_.query["all"] = ""; },
      "Also the clients that earn their way, and the run-time entries");
  exporting->callback([this] { ask_(ExportCommand{question_}); });

  auto* importing = command(app, "import", "Take over what this or another greylister knew");
  importing
      ->add_option("--from", from_,
                   "Whose: greygate (what export prints), postgrey, spamd (what spamdb prints) or sqlgrey")
      ->type_name("PROGRAM")
      ->required()
      ->check(CLI::IsMember({"greygate", "postgrey", "spamd", "sqlgrey"}));
  importing->add_option("FILE", file_, "Its file, or - for stdin")->required();
  importing->callback([this] { ask_(ImportCommand{question_, from_, file_}); });
}

}  // namespace proxy
