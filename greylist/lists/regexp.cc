#include "lists/regexp.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <cassert>
#include <new>

namespace greylist {
namespace {

// Names and addresses are short: patterns that people write need some hundreds of steps. These limits end a runaway one
// after a few milliseconds, twenty without JIT; with PCRE2's own 10,000,000 steps it would hold a loop for seconds.
constexpr std::uint32_t match_limit = 100'000;
constexpr std::uint32_t depth_limit = 20'000;
constexpr std::uint32_t heap_limit_kib = 4'096;

struct Free {
  void operator()(pcre2_code* code) const { pcre2_code_free(code); }
  void operator()(pcre2_match_context* context) const { pcre2_match_context_free(context); }
  void operator()(pcre2_match_data* data) const { pcre2_match_data_free(data); }
};

template <typename T>
std::unique_ptr<T, Free> owned(T* made) {
  if (!made) throw std::bad_alloc();
  return std::unique_ptr<T, Free>(made);
}

PCRE2_SPTR octets(std::string_view text) { return reinterpret_cast<PCRE2_SPTR>(text.data()); }

std::string describe(int error, std::size_t offset) {
  PCRE2_UCHAR message[256];
  pcre2_get_error_message(error, message, sizeof message);
  return std::string(reinterpret_cast<const char*>(message)) + " (at " + std::to_string(offset) + ")";
}

}  // namespace

struct Regexp::Compiled {
  std::unique_ptr<pcre2_code, Free> code;
  std::unique_ptr<pcre2_match_context, Free> context;
};

Regexp::Regexp(std::unique_ptr<Compiled> compiled) : compiled_(std::move(compiled)) {}
Regexp::Regexp(Regexp&&) noexcept = default;
Regexp& Regexp::operator=(Regexp&&) noexcept = default;
Regexp::~Regexp() = default;

std::expected<Regexp, std::string> Regexp::compile(std::string_view pattern) {
  int error = 0;
  std::size_t offset = 0;
  // A client's bytes may be anything: invalid UTF-8 in a text matches nothing instead of being an error.
  constexpr std::uint32_t options = PCRE2_CASELESS | PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | PCRE2_NEVER_BACKSLASH_C;
  auto* code = pcre2_compile(octets(pattern), pattern.size(), options, &error, &offset, nullptr);
  if (!code) return std::unexpected(describe(error, offset));

  auto compiled = std::make_unique<Compiled>(owned(code), owned(pcre2_match_context_create(nullptr)));
  pcre2_set_match_limit(compiled->context.get(), match_limit);
  pcre2_set_depth_limit(compiled->context.get(), depth_limit);
  pcre2_set_heap_limit(compiled->context.get(), heap_limit_kib);
  // Where there is no JIT (or no executable memory) pcre2_match() interprets the pattern.
  (void)pcre2_jit_compile(compiled->code.get(), PCRE2_JIT_COMPLETE);
  return Regexp(std::move(compiled));
}

bool Regexp::matches(std::string_view text) const {
  const auto found = owned(pcre2_match_data_create(1, nullptr));
  const int rc =
      pcre2_match(compiled_->code.get(), octets(text), text.size(), 0, 0, found.get(), compiled_->context.get());
  return rc >= 0;  // negative: no match, or a limit reached
}

}  // namespace greylist
