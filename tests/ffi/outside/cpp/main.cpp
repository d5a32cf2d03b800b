// A program of somebody else's: keeps a contact in a workspace.
#include <headwater.hpp>
#include <iostream>

int main(int, char **arguments) {
  headwater::OpenOptions options;
  options.create = true;
  const headwater::Workspace workspace(arguments[1], options);
  std::cout << workspace.create("contact", R"({"first_name": "Sarah"})").text() << '\n';
}
