// Plays one transcript against the proxy's core: play FILE. Exit 0 if the conversation went as the file says.
#include <cstdio>
#include <exception>

#include "test/transcripts/player.h"

namespace {

using namespace transcripts;

int failed(const std::string& why) {
  std::fprintf(stderr, "%s\n", why.c_str());
  return 1;
}

// A transcript with a mistake planted in it is played well if that mistake is what is found.
int judged(const std::string& path, const Script& script, const std::expected<void, Departure>& played) {
  const auto line = played ? 0 : played.error().line;
  if (line == script.fails_at) return 0;
  if (!played) return failed(path + ":" + std::to_string(line) + ": " + played.error().what);
  return failed(path + ":" + std::to_string(script.fails_at) + ": went well, but should not have");
}

int play(const std::string& path) {
  const auto script = read_script(path);
  if (!script) return failed(script.error());
  auto stage = Stage::set(script->settings);
  if (!stage) return failed(path + ": " + stage.error());
  int status = 0;
  {
    Player player(*script, **stage);
    status = judged(path, *script, player.play());
  }
  if (!(*stage)->clear()) return failed(path + ": a session does not end");
  return status;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return failed("usage: play FILE");
  try {
    return play(argv[1]);
  } catch (const std::exception& error) {
    return failed(std::string(argv[1]) + ": " + error.what());
  }
}
