// `status`: the running proxy's state at a glance.
#include <fmt/format.h>

#include "proxy/clock.h"
#include "proxy/commands/asking.h"
#include "proxy/commands/text.h"
#include "proxy/rfc3339.h"

namespace proxy {
namespace {

using Json = nlohmann::ordered_json;

// The member at a path, null where there is none: an older or a newer proxy may answer.
Json at(const Json& json, const char* path) { return json.value(Json::json_pointer(path), Json()); }

std::string text(const Json& json, const char* path) {
  const auto value = at(json, path);
  return value.is_string() ? value.get<std::string>() : std::string();
}

std::string count(const Json& json, const char* path) {
  const auto value = at(json, path);
  return value.is_number_unsigned() ? count_text(value.get<std::uint64_t>()) : "0";
}

std::string octets(const Json& json, const char* path) {
  const auto value = at(json, path);
  return about_octets(value.is_number_unsigned() ? value.get<std::uint64_t>() : 0);
}

std::string headline(const Json& status) {
  const auto uptime = at(status, "/uptime_seconds");
  const auto seconds = std::chrono::seconds(uptime.is_number_integer() ? uptime.get<std::int64_t>() : 0);
  const auto readiness = at(status, "/ready") == false ? ", NOT READY for mail" : "";
  return fmt::format("greygate {} on {}: {}{}, up for {}", text(status, "/version"), text(status, "/hostname"),
                     text(status, "/state"), readiness, age_text(seconds));
}

void traffic(const Json& status, Table& table) {
  const auto of = [&](const char* path) { return count(status, path); };
  table.add(
      {"connections", fmt::format("{} open, {} accepted, {} refused, {} in TLS", of("/connections/open"),
                                  of("/connections/accepted"), of("/connections/refused"), of("/connections/tls"))});
  table.add({"recipients", fmt::format("{} put off, {} passed, {} refused", of("/recipients/put_off"),
                                       of("/recipients/passed"), of("/recipients/refused"))});
  const auto verdicts = at(status, "/recipients/verdicts");
  for (const auto& [word, number] : verdicts.items())
    if (number != 0) table.add({"  " + word, number.is_number_unsigned() ? count_text(number) : number.dump()});
  table.add(
      {"messages", fmt::format("{} relayed ({}), {} refused, {} unknown", of("/messages/relayed"),
                               octets(status, "/messages/bytes"), of("/messages/refused"), of("/messages/unknown"))});
}

void backends(const Json& status, Table& table) {
  for (const auto& backend : at(status, "/backends")) {
    const bool up = at(backend, "/up") == true;
    table.add({"backend", fmt::format("{} {}, {} open, {} failures", text(backend, "/address"), up ? "up" : "DOWN",
                                      count(backend, "/open"), count(backend, "/failures"))});
    if (const auto error = text(backend, "/last_error"); !error.empty()) table.add({"  last error", error});
  }
}

void store(const Json& status, Table& table) {
  table.add({"greylist", fmt::format("{}, delay {}, retry window {}, lifetime {}", text(status, "/greylist/mode"),
                                     text(status, "/greylist/delay"), text(status, "/greylist/retry_window"),
                                     text(status, "/greylist/lifetime"))});
  table.add(
      {"store", fmt::format("{} {}, about {} entries, {}, {} errors", text(status, "/store/engine"),
                            at(status, "/store/ok") == true ? "well" : "SICK", count(status, "/store/entries_estimate"),
                            octets(status, "/store/bytes"), count(status, "/store/errors"))});
}

void certificates(const Json& status, Table& table) {
  for (const auto& certificate : at(status, "/tls/certificates")) {
    const auto expires = text(certificate, "/expires");
    const auto time = parse_time(expires);
    table.add({"certificate", fmt::format("{} ends {}", text(certificate, "/certificate"),
                                          time ? ago_text(*time, SystemClock().now()) + ", " + expires : expires)});
  }
}

void put_off_most(const Json& status, Table& table) {
  for (const auto& [what, path] : {std::pair("client", "/put_off_most/clients"), {"sender", "/put_off_most/senders"}}) {
    const auto rows = at(status, path);
    if (rows.empty()) continue;
    table.add({std::string("put off most, by ") + what, ""});
    for (const auto& row : rows) table.add({"  " + count(row, "/times") + " times", text(row, "/name")});
  }
}

}  // namespace

int run(const StatusCommand& command) {
  return ask_proxy_of(command.question.config, [&](const AdminClient& proxy) {
    const auto status = proxy.ask("GET", "/status");
    if (!status) return refused(status.error());
    if (command.question.json) return print_json(*status);
    Output output;
    output.print(printable(headline(*status)) + "\n");
    Table table({}, [&](std::string_view lines) { output.print(lines); });
    for (const auto& reason : at(*status, "/not_ready"))
      table.add({"not ready", reason.is_string() ? reason.get<std::string>() : reason.dump()});
    for (const auto& warning : at(*status, "/warnings"))
      table.add({"WARNING", warning.is_string() ? warning.get<std::string>() : warning.dump()});
    traffic(*status, table);
    backends(*status, table);
    store(*status, table);
    certificates(*status, table);
    put_off_most(*status, table);
    table.print_rest();
    return output.end();
  });
}

}  // namespace proxy
