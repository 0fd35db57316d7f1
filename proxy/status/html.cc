#include "proxy/status/html.h"

#include <algorithm>

#include "smtp/utf8.h"

namespace proxy {
namespace {

std::string_view escaped(std::string_view character) {
  switch (character[0]) {
    case '<': return "&lt;";
    case '>': return "&gt;";
    case '&': return "&amp;";
    case '"': return "&quot;";
    case '\'': return "&#39;";
    case '\n':
    case '\t': return character;
    default: break;
  }
  const bool c0 = static_cast<unsigned char>(character[0]) < ' ' || character[0] == '\x7F';
  const bool c1 = character.size() == 2 && character[0] == '\xC2' && static_cast<unsigned char>(character[1]) < 0xA0;
  return c0 || c1 ? "\uFFFD" : character;
}

}  // namespace

Html& Html::markup(Markup ours) {
  html_ += ours.text;
  return *this;
}

Html& Html::text(std::string_view anything) {
  while (!anything.empty()) {
    const auto length = smtp::utf8_character(anything);
    const auto character = anything.substr(0, std::max<std::size_t>(length, 1));
    html_ += length == 0 ? std::string_view("\uFFFD") : escaped(character);
    anything.remove_prefix(character.size());
  }
  return *this;
}

Html& Html::add(const Html& piece) {
  html_ += piece.html_;
  return *this;
}

}  // namespace proxy
