#include "proxy/confinement.h"

#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <system_error>

namespace proxy {
namespace {

namespace fs = std::filesystem;

// A sanitizer's report runs a program that finds names for addresses.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool sanitized = true;
#elif defined(__has_feature)
constexpr bool sanitized = __has_feature(address_sanitizer) || __has_feature(thread_sanitizer);
#else
constexpr bool sanitized = false;
#endif

constexpr std::uint64_t truncating = 1ull << 14;  // LANDLOCK_ACCESS_FS_TRUNCATE, younger than Debian 12's headers

// What Landlock of this version lets us forbid.
std::uint64_t changes_known_to(long version) {
  std::uint64_t changes = LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |
                          LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR |
                          LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO |
                          LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM;
  if (version >= 2) changes |= LANDLOCK_ACCESS_FS_REFER;
  if (version >= 3) changes |= truncating;
  return changes;
}

class Descriptor {
 public:
  explicit Descriptor(long number) : number_(static_cast<int>(number)) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  int number() const { return number_; }
  bool open() const { return number_ >= 0; }

 private:
  int number_;
};

std::unexpected<std::string> failure_of(const char* what) {
  return std::unexpected(std::string(what) + ": " + std::strerror(errno));
}

fs::path nearest_there(fs::path path) {
  std::error_code unknown;
  while (!fs::exists(path, unknown) && path.has_relative_path()) path = path.parent_path();
  return path;
}

std::expected<void, std::string> allow(const Descriptor& ruleset, const fs::path& path, std::uint64_t changes) {
  const Descriptor place(::open(path.c_str(), O_PATH | O_CLOEXEC));
  if (!place.open()) return {};  // then nothing can be written there in any case, and whoever tries says so
  landlock_path_beneath_attr rule{};
  rule.allowed_access = changes;
  rule.parent_fd = place.number();
  if (::syscall(SYS_landlock_add_rule, ruleset.number(), LANDLOCK_RULE_PATH_BENEATH, &rule, 0) != 0)
    return failure_of("landlock_add_rule");
  return {};
}

}  // namespace

std::expected<void, std::string> confine(const std::vector<std::string>& writable) {
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return failure_of("PR_SET_NO_NEW_PRIVS");
  const long version = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  if (version < 1) return failure_of("Landlock");
  const auto changes = changes_known_to(version);
  landlock_ruleset_attr handled{};
  handled.handled_access_fs = changes | (sanitized ? 0 : LANDLOCK_ACCESS_FS_EXECUTE);
  const Descriptor ruleset(::syscall(SYS_landlock_create_ruleset, &handled, sizeof handled, 0));
  if (!ruleset.open()) return failure_of("landlock_create_ruleset");
  for (const auto& path : writable)
    if (auto allowed = allow(ruleset, nearest_there(fs::absolute(path)), changes); !allowed) return allowed;
  if (::syscall(SYS_landlock_restrict_self, ruleset.number(), 0) != 0) return failure_of("landlock_restrict_self");
  return {};
}

}  // namespace proxy
