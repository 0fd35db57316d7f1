// Invariant: whatever stands in a file, each of its lines is taken over in a form that can be used, or counted.
#include <string>

#include "proxy/import/read_spamd.h"
#include "test/fuzz/imported.h"
#include "test/fuzz/input.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  proxy::TextInput input{std::string(Input(data, size).rest())};
  CheckedTake checked;
  const auto report = proxy::read_spamd(input, checked.take());
  if (report) checked.check(*report);
  return 0;
}
