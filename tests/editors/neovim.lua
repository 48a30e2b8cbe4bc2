-- What a user does in Neovim with the demonstration agent: open the loop, see the finding, choose its repair, save.
-- Run as: nvim --headless --clean -u CONFIG FILE -c 'luafile neovim.lua'; ends with 1 and says why where a step fails.

local PATIENCE_MS = 30000

local function say(text)
  io.stdout:write(text .. '\n')
end

local function fail(why)
  say('failed: ' .. why)
  say(vim.inspect(vim.diagnostic.get(0)))
  vim.cmd('cquit 1')
end

local function await(what, condition)
  if not vim.wait(PATIENCE_MS, condition, 10) then
    fail('waited in vain for ' .. what)
  end
end

local function findings()
  return vim.tbl_filter(function(one)
    return one.source == 'retrylint'
  end, vim.diagnostic.get(0))
end

await('the finding', function()
  return #findings() == 1
end)
local finding = findings()[1]
say(('line %d: %s: %s'):format(finding.lnum + 1, finding.code, vim.split(finding.message, '\n')[1]))
if finding.code ~= 'auth-backoff' or not finding.message:find('6 times and sleeps 155 s', 1, true) then
  fail('another finding was expected')
end

-- The menu of code actions: take the one that a keystroke would.
local titles = {}
vim.ui.select = function(items, options, choose)
  for n, item in ipairs(items) do
    titles[n] = options.format_item(item)
    if (item.action or item[2]).isPreferred then
      return choose(item, n)
    end
  end
  fail('no action is preferred: ' .. table.concat(titles, ', '))
end
vim.api.nvim_win_set_cursor(0, { finding.lnum + 1, finding.col })
vim.lsp.buf.code_action()
await('the repair', function()
  return #titles > 0 and vim.bo.modified
end)
say('chose: ' .. titles[#titles])

await('the finding to be gone', function()
  return #findings() == 0
end)
vim.cmd('write')
say(('saved with Neovim %s'):format(vim.split(vim.fn.execute('version'), '\n', { trimempty = true })[1]))
vim.cmd('qall!')
