#include "greylist/greylist_reply.h"

#include <doctest/doctest.h>

using greylist::ReplyTemplate;

TEST_CASE("a reply's text is filled in") {
  struct Row {
    const char* why;
    const char *text, *url, *expanded;
  };
  const ReplyTemplate standard;
  for (const auto& [why, text, url, expanded] : {
           Row{"the default, without a url", standard.text.c_str(), "",
               "<b@x.org>: Greylisted; from=<a@s.org> to=<b@x.org> proto=ESMTP helo=<h>"},
           Row{"the default, with one", standard.text.c_str(), "https://x.org/grey",
               "<b@x.org>: Greylisted, see https://x.org/grey; from=<a@s.org> to=<b@x.org> proto=ESMTP helo=<h>"},
           Row{"the words that fall away, twice", "a, see {url}b, see {url}", "", "ab"},
           Row{"url in other words expands to nothing", "see also {url}.", "", "see also ."},
           Row{"a url's braces are no placeholders", "see {url}", "{sender}", "see {sender}"},
           Row{"no placeholders", "Try later", "", "Try later"},
           Row{"empty", "", "", ""},
           Row{"unknown placeholder stays", "a {b} c", "", "a {b} c"},
           Row{"open brace stays", "a {sender", "", "a {sender"},
           Row{"brace in braces", "{{sender}", "", "{a@s.org"},
           Row{"closing brace alone", "a} {helo}}", "", "a} h}"},
       }) {
    CAPTURE(why);
    ReplyTemplate reply;
    reply.text = text;
    reply.url = url;
    CHECK(expand(reply, {"a@s.org", "b@x.org", "ESMTP", "h"}) == expanded);
  }
}

TEST_CASE("what clients send is never read as a placeholder") {
  ReplyTemplate reply;
  reply.text = "{sender}|{recipient}|{helo}";
  CHECK(expand(reply, {"{helo}", ", see {url}", "SMTP", "{"}) == "{helo}|, see {url}|{");
}

TEST_CASE("a template that can't be meant is an error") {
  struct Row {
    const char* why;
    std::string_view text, url, wrong;  // wrong: empty if it's right
  };
  for (const auto& [why, text, url, wrong] : {
           Row{"every placeholder", "{url} {sender} {recipient} {protocol} {helo}", "https://x.org/", ""},
           Row{"none", "Try later", "", ""},
           Row{"closing brace alone", "a}", "", ""},
           Row{"unknown", "a {client}", "", "{client}"},
           Row{"in another case", "{Sender}", "", "{Sender}"},
           Row{"empty", "{}", "", "{}"},
           Row{"never closed", "a {sender", "", "without"},
           Row{"opened twice", "{{sender}", "", "without"},
           Row{"second one unknown", "{sender} {x}", "", "{x}"},
           Row{"line end", "a\r\nb", "", "control"},
           Row{"TAB", "a\tb", "", "control"},
           Row{"NUL", std::string_view("a\0b", 3), "", "control"},
           Row{"line end in the url", "a", "https://x.org/\n", "url"},
       }) {
    CAPTURE(why);
    ReplyTemplate reply;
    reply.text = text;
    reply.url = url;
    const auto checked = check(reply);
    CHECK(checked.has_value() == wrong.empty());
    if (!checked) CHECK(checked.error().contains(wrong));
  }
}
