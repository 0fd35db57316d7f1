#include "proxy/commands/asking.h"

#include "proxy/admin/entry_json.h"
#include "proxy/clock.h"
#include "proxy/commands/admin_socket.h"
#include "proxy/commands/text.h"
#include "proxy/rfc3339.h"

namespace proxy {

using Json = nlohmann::ordered_json;

int ask_proxy_of(const std::string& config, const std::function<int(const AdminClient&)>& ask) {
  const auto socket = admin_socket(config);
  if (!socket) {
    complain(socket.error());
    return failed;
  }
  return ask(AdminClient(*socket));
}

int refused(const AdminFailure& failure) {
  complain(failure.what);
  return failure.wrong_question ? wrong_usage : failed;
}

int print_json(const Json& json) {
  Output output;
  auto line = json_line(json);
  line.pop_back();
  output.print(printable(line) + '\n');
  return output.end();
}

int print_lines(const AdminClient& proxy, const std::string& path, const AdminQuestion& question,
                std::vector<std::string> titles, const std::function<std::vector<std::string>(const Json&)>& row) {
  Output output;
  bool writable = true, any = false;
  Table table(std::move(titles), [&](std::string_view lines) { writable = output.print(lines); });
  const auto given = proxy.lines(path, question.query, [&](std::string_view line) {
    if (question.json) return output.print(printable(line) + '\n');
    any = true;
    table.add(row(Json::parse(line, nullptr, false)));
    return writable;
  });
  if (!question.json && any) table.print_rest();
  if (given && !question.json && !any) output.print("none\n");
  if (!given) {
    output.end();
    return refused(given.error());
  }
  return output.end();
}

std::string text_of(const Json& json, const char* key) {
  const auto found = json.is_object() ? json.find(key) : json.end();
  return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::string address_of(const Json& json, const char* key) {
  auto address = text_of(json, key);
  return address.empty() ? "<>" : address;
}

std::string ago_of(const Json& json, const char* key) {
  const auto time = parse_time(text_of(json, key));
  return time ? ago_text(*time, SystemClock().now()) : std::string();
}

}  // namespace proxy
