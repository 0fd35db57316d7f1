#pragma once
#include <expected>
#include <string>
#include <string_view>

namespace greylist {

// greylist.reply: how a put-off recipient is told. Placeholders {url} {sender} {recipient} {protocol} {helo}; with no
// url, ", see {url}" falls away.
struct ReplyTemplate {
  int code = 450;
  std::string enhanced = "4.2.0";
  std::string text =
      "<{recipient}>: Greylisted, see {url}; from=<{sender}> to=<{recipient}> proto={protocol} helo=<{helo}>";
  std::string url;
};

struct ReplyValues {
  std::string_view sender, recipient, protocol, helo;
};

// What is wrong with a template's text ("unknown placeholder {foo}"), or nothing.
std::expected<void, std::string> check(const ReplyTemplate& reply);
std::string expand(const ReplyTemplate& reply,
                   const ReplyValues& values);  // the text alone, without code; not yet cut or cleaned

}  // namespace greylist
