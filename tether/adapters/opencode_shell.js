// A plugin of opencode, loaded by Tether's configuration: what its tools run must not see the password of its server.
export const TetherShell = async () => ({
  "shell.env": async (_input, output) => {
    output.env.OPENCODE_SERVER_PASSWORD = ""
    output.env.OPENCODE_CONFIG_CONTENT = ""
  },
})
