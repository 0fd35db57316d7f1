#pragma once
#include <string>
#include <vector>

namespace proxy {

// One key of the configuration as a reference tells of it.
struct KeyReference {
  std::string path;     // "greylist.delay", "listen[].address"
  std::string preset;   // the default: JSON, or in words; empty for an object
  std::string meaning;  // a sentence or two
};

// Every key, in the order of the table in keys.cc.
std::vector<KeyReference> reference();

// The same as lines of Markdown, and as the items of a manual page (man(7)).
std::string reference_in_markdown();
std::string reference_in_roff();

}  // namespace proxy
