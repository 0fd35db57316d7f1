#pragma once
#include <expected>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace transcripts {

// One line of a transcript: a verb and what it is about.
struct Step {
  unsigned line;
  std::string verb;
  std::string text;
};

// A transcript as read: what the conversation is meant to show, the configuration it is held under, and its steps.
struct Script {
  std::string shows;                                                   // the first comment
  nlohmann::ordered_json settings = nlohmann::ordered_json::object();  // all lines "=", later ones over earlier ones
  std::vector<Step> steps;
  unsigned lines = 0;
  unsigned fails_at = 0;  // the line after "#! fails": where playing it must fail; 0: nowhere
};

// The error names file and line.
std::expected<Script, std::string> read_script(const std::string& path);

// Octets written with escapes: \r \n \t \0 \\ \xHH, and \*N{text} for `text` N times over.
std::expected<std::string, std::string> octets(std::string_view text);

// Octets on one line, for people: octets() reads it.
std::string shown(std::string_view octets);

}  // namespace transcripts
