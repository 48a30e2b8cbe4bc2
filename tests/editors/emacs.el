;; What a user does in Emacs with the demonstration agent: open the loop, see the finding, take its repair, save.
;; Run as: emacs --batch -l CONFIG --visit FILE -l emacs.el; ends with 1 and says why where a step fails.

(require 'eglot)
(require 'flymake)
(setq eglot-events-buffer-size 0)

(defconst patience 30 "Seconds that a step may take.")

(defun await (what ask)
  "Wait until ASK answers something other than nil, and answer that; WHAT is waited for."
  (let ((end (time-add nil patience)) answer)
    (while (not (setq answer (funcall ask)))
      (when (time-less-p end nil)
        (error "Waited in vain for %s" what))
      (accept-process-output nil 0.05))
    answer))

(defun findings ()
  (flymake-start)
  (flymake-diagnostics))

(call-interactively #'eglot)
(await "the server" #'eglot-managed-p)
(let* ((finding (await "the finding" (lambda () (car (findings)))))
       (text (flymake-diagnostic-text finding)))
  (message "line %d: %s" (line-number-at-pos (flymake-diagnostic-beg finding)) (car (split-string text "\n")))
  (unless (string-match-p "6 times and sleeps 155 s" text)
    (error "Another finding was expected"))
  (goto-char (flymake-diagnostic-beg finding)))

;; Eglot offers the preferred action as the default: take it, as the return key would.
(cl-letf (((symbol-function 'completing-read)
           (lambda (_prompt _choices &rest more)
             (message "chose: %s" (nth 4 more))
             (nth 4 more))))
  ;; A key, not a click, which would open a menu.
  (let ((last-nonmenu-event ?\r))
    (eglot-code-actions (point) (point) "quickfix" t)))
(await "the repair" #'buffer-modified-p)
;; Eglot tells of changes when Emacs is idle, which it never is in batch.
(eglot--signal-textDocument/didChange)
(await "the finding to be gone" (lambda () (null (findings))))
(save-buffer)
(message "saved with Emacs %s" emacs-version)
